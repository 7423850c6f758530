// Package dial keeps connections to addresses that a customer chose (webhooks,
// token endpoints, media, provider URLs) away from the operator's own network.
//
// The check sits in the dialer's Control hook, so it sees the address that is
// about to be connected, after name resolution: a name that resolves to a
// public address when a webhook is created and to a private one when it is
// called (DNS rebinding) does not pass.
//
// It must not know HTTP, webhooks or channels.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// ConnectTimeout is how long a connection may take to be established, name
// resolution included.
const ConnectTimeout = 5 * time.Second

// ErrPrivateTarget is what errors.Is finds in the error of a refused
// connection; errors.As finds a *PrivateTargetError with the address.
var ErrPrivateTarget = errors.New("private targets are not allowed")

// PrivateTargetError tells which address was refused.
type PrivateTargetError struct {
	// Addr is the resolved address, without port.
	Addr netip.Addr
}

// Error names the address; it knows no URL and thus cannot leak one.
func (e *PrivateTargetError) Error() string {
	return fmt.Sprintf("address %s is not public: %v", e.Addr, ErrPrivateTarget)
}

// Unwrap returns ErrPrivateTarget.
func (e *PrivateTargetError) Unwrap() error { return ErrPrivateTarget }

// Guard returns a dialer, whose DialContext fits http.Transport, that refuses
// every address that is not Public. With allowPrivate it refuses nothing. A
// transport that uses it must have no proxy, which would do the dialling out
// of the guard's sight.
func Guard(allowPrivate bool) *net.Dialer {
	d := &net.Dialer{Timeout: ConnectTimeout}
	if !allowPrivate {
		d.ControlContext = refusePrivate
	}
	return d
}

// refusePrivate runs once for every resolved address, before connect(2).
func refusePrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial: resolved address: %w", err)
	}
	if !Public(target.Addr()) {
		return &PrivateTargetError{Addr: target.Addr()}
	}
	return nil
}
