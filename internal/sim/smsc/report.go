package smsc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// reporting is a message that has been taken and is to be reported.
type reporting struct {
	session *smpp.Session // that submitted it
	sm      *smpp.SubmitSM
	id      string // as receipts have it
	fault   fault.Fault
}

// report sends what the centre tells of an accepted message, if a receipt was asked for.
func (s *Server) report(ctx context.Context, r reporting) {
	if r.sm.RegisteredDelivery&3 == 0 || r.fault.Kind == fault.Silent {
		return
	}
	states := []coding.State{coding.Delivered}
	switch r.fault.Kind {
	case fault.Fail:
		states[0] = coding.Undeliverable
		if r.fault.Code != 0 {
			states[0] = coding.State(r.fault.Code)
		}
	case fault.Twice:
		states = append(states, coding.Delivered)
	case fault.Disorder:
		states = append(states, coding.Enroute)
	case fault.Late:
		if !pause(ctx, r.fault.Delay()) {
			return
		}
	}
	for _, state := range states {
		if err := s.deliver(ctx, r.session, s.receipt(r, state)); err != nil {
			s.config.Log.Debug("receipt not taken", "id", r.id, "error", err)
			return
		}
	}
}

// receipt writes a receipt in the form of appendix B, with the parameters beside it.
func (s *Server) receipt(r reporting, state coding.State) *smpp.DeliverSM {
	failed := state != coding.Delivered && state != coding.Enroute
	code, delivered := "000", "001"
	if failed {
		code, delivered = "001", "000"
		if r.fault.Words != "" {
			code = r.fault.Words
		}
	}
	date := time.Now().UTC().Format("0601021504")
	text := fmt.Sprintf("id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:-", r.id, delivered, date, date, state, code)
	sm := &smpp.DeliverSM{Source: r.sm.Destination, Destination: r.sm.Source, ESMClass: smpp.EsmReceipt, ShortMessage: []byte(text)}
	if !s.config.TextReceipts {
		sm.TLVs = smpp.TLVs{smpp.CStringTLV(smpp.TagReceiptedMessageID, r.id), smpp.Uint8TLV(smpp.TagMessageState, uint8(state))}
	}
	return sm
}

// deliver sends until somebody takes it or refuses it for good: over the preferred session if that receives, else over any of the same account.
func (s *Server) deliver(ctx context.Context, preferred *smpp.Session, sm *smpp.DeliverSM) error {
	for {
		err := errNoReceiver
		if session := s.receiver(preferred); session != nil {
			err = session.Deliver(ctx, sm)
		}
		var refused *smpp.StatusError
		if err == nil || errors.As(err, &refused) && !temporary(refused.Status) {
			return err
		}
		if !pause(ctx, s.config.RetryAfter) {
			return err
		}
	}
}

var errNoReceiver = errors.New("no session receives")

// temporary reports whether an ESME's answer asks for another try.
func temporary(status smpp.Status) bool {
	return slices.Contains([]smpp.Status{smpp.StatusRxTempAppn, smpp.StatusMsgQFul, smpp.StatusSysErr, smpp.StatusThrottled}, status)
}

// receiver gives the preferred session if it receives, else the next one that does.
func (s *Server) receiver(preferred *smpp.Session) *smpp.Session {
	if preferred != nil && preferred.BindType().Receives() {
		return preferred
	}
	for _, session := range s.smpp.Sessions() {
		if session.BindType().Receives() && (preferred == nil || session.PeerSystemID() == preferred.PeerSystemID()) {
			return session
		}
	}
	return nil
}
