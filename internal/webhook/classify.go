package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

var (
	errTimeout = errors.New("no answer in time")
	// errBroken stands for errors that may quote what the endpoint sent, which
	// may be what we sent.
	errBroken = errors.New("connection broken or answer is not HTTP")
)

// classify says what each answer means for the callback.
func classify(status int, header http.Header, now time.Time) Outcome {
	switch {
	case status >= 200 && status <= 299:
		return Outcome{Class: Delivered, Status: status}
	case status >= 500 || status == http.StatusTooManyRequests:
		return Outcome{
			Class:      Retry,
			Status:     status,
			RetryAfter: retryAfter(header.Get("Retry-After"), now),
			Err:        statusError(status),
		}
	default:
		return Outcome{Class: Drop, Status: status, Err: statusError(status)}
	}
}

func statusError(status int) error {
	return fmt.Errorf("endpoint answered %d", status)
}

// retryAfter reads both forms of RFC 9110 section 10.2.3; what it cannot read
// asks for nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, MaxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}

// safeError lets through errors that are known to hold nothing but names,
// addresses and reasons.
func safeError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var (
		op       *net.OpError
		dns      *net.DNSError
		errno    syscall.Errno
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		unknown  x509.UnknownAuthorityError
		verify   *tls.CertificateVerificationError
		alert    tls.AlertError
		record   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &op), errors.As(err, &dns), errors.As(err, &errno),
		errors.As(err, &hostname), errors.As(err, &invalid), errors.As(err, &unknown),
		errors.As(err, &verify), errors.As(err, &alert),
		errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("endpoint closed the connection without an answer")
	default:
		return errBroken
	}
}
