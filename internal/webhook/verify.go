package webhook

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxAge is how far the time of signing may lie from now, either way; it is
// the tolerance of the Standard Webhooks libraries. Retries are signed anew, so
// it limits replay and not delivery.
const MaxAge = 5 * time.Minute

// What Verify finds wrong.
var (
	ErrNotSigned    = errors.New("no signature headers")
	ErrBadSignature = errors.New("signature does not match")
	ErrTooOld       = errors.New("time of signing is too far from now")
)

// Verify checks a callback as a receiver with the given secret should: body is
// the raw request body. Every scheme that the headers speak must hold, and at
// least one must be there. Errors are ErrNotSigned, ErrBadSignature and
// ErrTooOld, wrapped.
func Verify(secret string, header http.Header, body []byte) error {
	return verifyAt(secret, header, body, time.Now())
}

func verifyAt(secret string, header http.Header, body []byte, now time.Time) error {
	contract, standard := header.Get(headerSignature), header.Get(headerStandardSignature)
	if contract == "" && standard == "" {
		return ErrNotSigned
	}
	if contract != "" {
		if err := verifyContract(secret, header, body, now); err != nil {
			return fmt.Errorf("%s: %w", headerSignature, err)
		}
	}
	if standard != "" {
		if err := verifyStandard(secret, header, body, now); err != nil {
			return fmt.Errorf("%s: %w", headerStandardSignature, err)
		}
	}
	return nil
}

func verifyContract(secret string, header http.Header, body []byte, now time.Time) error {
	timestamp := header.Get(headerTimestamp)
	if header.Get(headerAlgorithm) != algorithm {
		return fmt.Errorf("%w: algorithm is not %s", ErrBadSignature, algorithm)
	}
	want := newSigner(secret).contractSignature(body, header.Get(headerNonce), timestamp)
	if !hmac.Equal([]byte(want), []byte(header.Get(headerSignature))) {
		return ErrBadSignature
	}
	return checkAge(timestamp, now)
}

// verifyStandard accepts any of several signatures, which is how the scheme
// rotates secrets.
func verifyStandard(secret string, header http.Header, body []byte, now time.Time) error {
	timestamp := header.Get(headerStandardTimestamp)
	want := newSigner(secret).standardSignature(header.Get(headerStandardID), timestamp, body)
	for _, got := range strings.Fields(header.Get(headerStandardSignature)) {
		if hmac.Equal([]byte(want), []byte(got)) {
			return checkAge(timestamp, now)
		}
	}
	return ErrBadSignature
}

func checkAge(timestamp string, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: timestamp is not in Unix seconds", ErrTooOld)
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > MaxAge {
		return ErrTooOld
	}
	return nil
}
