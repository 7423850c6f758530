package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// Account says where a centre is and who we are to it.
type Account struct {
	Addr         string      // host:port; 2775 is the usual port, 3550 with TLS
	TLS          *tls.Config // nil: plain TCP
	SystemID     string      // at most 15 octets
	Password     Secret      // at most 8 octets
	SystemType   string      // at most 12 octets, often empty
	AddressRange Address     // for receivers; usually empty

	// TLVsWithoutVersion sends optional parameters to a centre that does not tell its version. The specification takes such a centre for a 3.3 one.
	TLVsWithoutVersion bool

	// Dial replaces the network, for tests; nil: TCP to Addr, with TLS if set.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Validate names the first field that no bind could carry.
func (a Account) Validate() error {
	if a.Addr == "" && a.Dial == nil {
		return errors.New("no address")
	}
	_, err := PDU{Body: a.bind(Transceiver)}.Append(nil)
	return err
}

func (a Account) bind(t BindType) *Bind {
	return &Bind{
		Type: t, SystemID: a.SystemID, Password: a.Password, SystemType: a.SystemType,
		InterfaceVersion: Version34, AddressRange: a.AddressRange,
	}
}

func (a Account) dial(ctx context.Context) (net.Conn, error) {
	switch {
	case a.Dial != nil:
		return a.Dial(ctx)
	case a.TLS != nil:
		return (&tls.Dialer{Config: a.TLS}).DialContext(ctx, "tcp", a.Addr)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", a.Addr)
}

// Connect opens one connection and binds it. A refused bind is a [*StatusError]. handler may be nil for a transmitter. Nothing reconnects; see [Open].
func Connect(ctx context.Context, account Account, t BindType, limits Limits, handler Handler) (*Session, error) {
	limits = limits.withDefaults()
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	dialCtx, cancel := context.WithTimeout(ctx, limits.BindTimeout)
	defer cancel()
	conn, err := account.dial(dialCtx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := newSession(conn, limits, esmeServe(handler))
	s.assumeTLVs = account.TLVsWithoutVersion
	if _, err := s.roundTrip(ctx, account.bind(t), limits.BindTimeout); err != nil {
		s.Close()
		return nil, fmt.Errorf("bind: %w", err)
	}
	return s, nil
}

// esmeServe is the ESME's side of a session: it takes deliveries and nothing else.
func esmeServe(handler Handler) serveFunc {
	return func(ctx context.Context, s *Session, request Body) (Body, Status) {
		var sm *DeliverSM
		switch m := request.(type) {
		case *DeliverSM:
			sm = m
		case *DataSM:
			sm = m.asDeliver()
		default:
			return &GenericNack{}, StatusInvCmdID
		}
		if !s.BindType().Receives() || handler == nil {
			return nil, StatusInvBndSts
		}
		return nil, handler(ctx, sm)
	}
}
