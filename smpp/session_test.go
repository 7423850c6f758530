package smpp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSubmitAndDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		var got *DeliverSM
		s := c.connect(t, Transceiver, Limits{}, func(_ context.Context, sm *DeliverSM) Status {
			got = sm
			return StatusRxTempAppn
		})
		if s.PeerSystemID() != "mc" || s.PeerVersion() != Version34 || s.BindType() != Transceiver {
			t.Errorf("bound to %q, version 0x%x, as %s", s.PeerSystemID(), s.PeerVersion(), s.BindType())
		}
		resp, err := s.Submit(t.Context(), to("1"))
		if err != nil || resp.MessageID != "id-1" {
			t.Errorf("submit: %+v, %v", resp, err)
		}
		peer := c.Sessions()[0]
		wantStatus(t, peer.Deliver(t.Context(), &DeliverSM{ShortMessage: []byte("mo")}), StatusRxTempAppn)
		if string(got.Payload()) != "mo" {
			t.Errorf("delivered %+v", got)
		}
		wantStatus(t, peer.DeliverData(t.Context(), &DataSM{Source: Address{1, 1, "46"}, TLVs: TLVs{{TagMessagePayload, []byte("data")}}}), StatusRxTempAppn)
		if string(got.Payload()) != "data" || got.Source.Addr != "46" {
			t.Errorf("delivered %+v", got)
		}
		if err := s.Unbind(t.Context()); err != nil {
			t.Errorf("unbind: %v", err)
		}
		_, err = s.Submit(t.Context(), to("1"))
		wantNotSent(t, err, s.Err())
		closeAll(t, nil, c)
	})
}

// The answer to a delivery says that it is stored, so it must not be written earlier.
func TestADeliveryIsAnsweredWhenTheHandlerHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		s := c.connect(t, Receiver, Limits{}, func(context.Context, *DeliverSM) Status {
			time.Sleep(3 * time.Second) // a slow store
			return StatusOK
		})
		start := time.Now()
		if err := c.Sessions()[0].Deliver(t.Context(), &DeliverSM{}); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("answered after %s: %v", time.Since(start), err)
		}
		s.Close()
		closeAll(t, nil, c)
	})
}

func TestDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		rx, tx := c.connect(t, Receiver, Limits{}, storeNothing), c.connect(t, Transmitter, Limits{}, nil)
		_, err := rx.Submit(t.Context(), to("1"))
		wantNotSent(t, err, ErrWrongBind)
		wantNotSent(t, c.Sessions()[1].Deliver(t.Context(), &DeliverSM{}), ErrWrongBind)
		rx.Close()
		tx.Close()
		closeAll(t, nil, c)
	})
}

func TestTheWindowBoundsWhatIsOutstanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		release := make(chan struct{})
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			<-release
			return nil, StatusOK
		}
		s := c.connect(t, Transceiver, Limits{Window: 2}, storeNothing)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := s.Submit(t.Context(), to("1")); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if s.InFlight() != 2 {
			t.Errorf("%d outstanding", s.InFlight())
		}
		// Deliveries and keep-alive pass beside a full window, and a submit that gives up waiting has certainly not gone out.
		if err := c.Sessions()[0].Deliver(t.Context(), &DeliverSM{}); err != nil {
			t.Errorf("deliver: %v", err)
		}
		if _, err := c.Sessions()[0].roundTrip(t.Context(), &EnquireLink{}, time.Second); err != nil {
			t.Errorf("enquire_link: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Submit(ctx, to("2"))
		wantNotSent(t, err, context.DeadlineExceeded)
		close(release)
		wg.Wait()
		s.Close()
		closeAll(t, nil, c)
	})
}

func TestAnswersInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		c.Server.Submit = func(_ context.Context, _ *Session, sm *SubmitSM) (*SubmitSMResp, Status) {
			time.Sleep(time.Duration(10-int(sm.Destination.Addr[0]-'0')) * time.Second) // the later, the sooner
			return &SubmitSMResp{MessageID: sm.Destination.Addr}, StatusOK
		}
		s := c.connect(t, Transceiver, Limits{}, storeNothing)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				number := fmt.Sprint(i)
				if resp, err := s.Submit(t.Context(), to(number)); err != nil || resp.MessageID != number {
					t.Errorf("submit %s: %+v, %v", number, resp, err)
				}
			})
		}
		wg.Wait()
		s.Close()
		closeAll(t, nil, c)
	})
}

func TestNoAnswerLeavesDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) { return nil, NoAnswer }
		s := c.connect(t, Transceiver, Limits{ResponseTimeout: 7 * time.Second}, storeNothing)
		start := time.Now()
		_, err := s.Submit(t.Context(), to("1"))
		wantInDoubt(t, err, ErrResponseTimeout)
		if time.Since(start) != 7*time.Second {
			t.Errorf("after %s", time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = s.Submit(ctx, to("1"))
		wantInDoubt(t, err, context.DeadlineExceeded)
		time.AfterFunc(time.Second, func() { c.Sessions()[0].Drop() })
		_, err = s.Submit(t.Context(), to("1"))
		wantInDoubt(t, err, io.EOF)
		if s.InFlight() != 0 {
			t.Errorf("%d outstanding at the end", s.InFlight())
		}
		s.Close()
		closeAll(t, nil, c)
	})
}

// scripted is the other end of a session, moved by hand.
type scripted struct {
	t    *testing.T
	conn net.Conn
}

func (p scripted) read() PDU {
	p.t.Helper()
	frame, err := ReadFrame(p.conn)
	if err != nil {
		p.t.Fatal(err)
	}
	pdu, err := Decode(frame)
	if err != nil {
		p.t.Fatal(err)
	}
	return pdu
}

func (p scripted) write(pdu PDU) {
	p.t.Helper()
	frame, err := pdu.Append(nil)
	if err == nil {
		_, err = p.conn.Write(frame)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// bindScripted gives a bound session whose other end is moved by hand.
func bindScripted(t *testing.T, limits Limits, tlvs TLVs, account Account) (*Session, scripted) {
	t.Helper()
	ours, theirs := net.Pipe()
	p := scripted{t, theirs}
	account.Dial = func(context.Context) (net.Conn, error) { return ours, nil }
	done := make(chan *Session)
	go func() {
		s, err := Connect(t.Context(), account, Transceiver, limits, storeNothing)
		if err != nil {
			t.Error(err)
		}
		done <- s
	}()
	bind := p.read()
	p.write(PDU{Sequence: bind.Sequence, Body: &BindResp{Type: Transceiver, SystemID: "mc", TLVs: tlvs}})
	return <-done, p
}

var tells34 = TLVs{Uint8TLV(TagSCInterfaceVersion, Version34)}

// Law: a request of which no octet was written is never in doubt; one of which an octet was, always is.
func TestCertaintyAboutWhatWasWritten(t *testing.T) {
	for octets := range 3 {
		synctest.Test(t, func(t *testing.T) {
			s, p := bindScripted(t, Limits{}, tells34, Account{})
			errs := make(chan error)
			go func() {
				_, err := s.Submit(t.Context(), to("1"))
				errs <- err
			}()
			synctest.Wait() // the writer is at it, and nobody reads
			if _, err := io.ReadFull(p.conn, make([]byte, octets)); err != nil {
				t.Fatal(err)
			}
			_ = p.conn.Close()
			if err := <-errs; octets == 0 {
				wantNotSent(t, err, s.Err())
			} else {
				wantInDoubt(t, err, s.Err())
			}
			s.Close()
		})
	}
}

func TestARequestBehindAStuckOneCanBeWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := bindScripted(t, Limits{WriteTimeout: time.Minute}, tells34, Account{})
		go func() { _, _ = s.Submit(t.Context(), to("1")) }()
		synctest.Wait() // stuck in the write
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Submit(ctx, to("2"))
		wantNotSent(t, err, context.DeadlineExceeded)
		if first := p.read(); first.Body.(*SubmitSM).Destination.Addr != "1" {
			t.Errorf("read %+v", first)
		}
		go func() { _, _ = s.Submit(t.Context(), to("3")) }()
		if second := p.read(); second.Body.(*SubmitSM).Destination.Addr != "3" {
			t.Errorf("the withdrawn one was written: %+v", second)
		}
		s.Close()
	})
}

func TestEnquireLinkAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := bindScripted(t, Limits{EnquireInterval: 20 * time.Second, EnquireTimeout: 5 * time.Second}, tells34, Account{})
		start := time.Now()
		time.Sleep(15 * time.Second)
		p.write(PDU{Sequence: 1, Body: &EnquireLink{}}) // theirs breaks the silence
		if answer := p.read(); answer.Sequence != 1 || answer.Body.Command() != CmdEnquireLinkResp {
			t.Errorf("answered with %+v", answer)
		}
		ours := p.read()
		if ours.Body.Command() != CmdEnquireLink || time.Since(start) != 35*time.Second {
			t.Errorf("%s after %s", ours.Body.Command(), time.Since(start))
		}
		p.write(PDU{Sequence: ours.Sequence, Body: &EnquireLinkResp{}})
		p.read() // the next one, which stays without an answer
		<-s.Done()
		if time.Since(start) != 60*time.Second || s.Err() != ErrEnquireTimeout {
			t.Errorf("ended after %s: %v", time.Since(start), s.Err())
		}
		s.Close()
	})
}

func TestWhatTheOtherEndMayNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := bindScripted(t, Limits{Inbound: 1}, tells34, Account{})
		for _, tt := range []struct {
			name         string
			send, answer PDU
		}{
			{"a command that we do not know", PDU{Sequence: 5, Body: &Raw{ID: 0x21}}, PDU{Status: StatusInvCmdID, Sequence: 5, Body: &GenericNack{}}},
			{"a submit to an ESME", PDU{Sequence: 6, Body: &SubmitSM{}}, PDU{Status: StatusInvCmdID, Sequence: 6, Body: &GenericNack{}}},
			{"a broken body", PDU{Sequence: 7, Body: &Raw{ID: CmdDeliverSM, Data: []byte("x")}}, PDU{Status: StatusInvCmdLen, Sequence: 7, Body: &GenericNack{}}},
			{"unbind", PDU{Sequence: 8, Body: &Unbind{}}, PDU{Sequence: 8, Body: &UnbindResp{}}},
		} {
			p.write(PDU{Sequence: 4, Body: &AlertNotification{}}) // has no answer
			p.write(tt.send)
			got := p.read()
			if got.Status != tt.answer.Status || got.Sequence != tt.answer.Sequence || got.Body.Command() != tt.answer.Body.Command() {
				t.Errorf("%s: answered with %s %s", tt.name, got.Body.Command(), got.Status)
			}
		}
		<-s.Done()
		if s.Err() != ErrUnbound {
			t.Errorf("ended by %v", s.Err())
		}
		s.Close()
	})
}

func TestAFullHandlerAsksForAnotherTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		release := make(chan struct{})
		s := c.connect(t, Receiver, Limits{Inbound: 1}, func(context.Context, *DeliverSM) Status {
			<-release
			return StatusOK
		})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := c.Sessions()[0].Deliver(t.Context(), &DeliverSM{}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		wantStatus(t, c.Sessions()[0].Deliver(t.Context(), &DeliverSM{}), StatusRxTempAppn)
		close(release)
		wg.Wait()
		s.Close()
		closeAll(t, nil, c)
	})
}

func TestOddAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(sequence uint32) PDU
		check  func(t *testing.T, err error)
	}{
		{"a bare refusal", func(n uint32) PDU { return PDU{Status: StatusInvDstAdr, Sequence: n, Body: &Raw{ID: CmdSubmitSMResp}} },
			func(t *testing.T, err error) { wantStatus(t, err, StatusInvDstAdr) }},
		{"a refusal with a broken body", func(n uint32) PDU {
			return PDU{Status: StatusInvDstAdr, Sequence: n, Body: &Raw{ID: CmdSubmitSMResp, Data: []byte("x")}}
		}, func(t *testing.T, err error) { wantStatus(t, err, StatusInvDstAdr) }},
		{"generic_nack", func(n uint32) PDU { return PDU{Status: StatusInvCmdLen, Sequence: n, Body: &GenericNack{}} },
			func(t *testing.T, err error) { wantStatus(t, err, StatusInvCmdLen) }},
		{"success with a broken body", func(n uint32) PDU { return PDU{Sequence: n, Body: &Raw{ID: CmdSubmitSMResp, Data: []byte("x")}} },
			func(t *testing.T, err error) {
				var broken *DecodeError
				if !errors.As(err, &broken) {
					t.Errorf("got %v, want a DecodeError in it", err)
				}
				wantInDoubt(t, err, err)
			}},
		{"the answer to something else", func(n uint32) PDU { return PDU{Sequence: n, Body: &DeliverSMResp{}} },
			func(t *testing.T, err error) { wantInDoubt(t, err, ErrAnswer) }},
		{"generic_nack without a number", func(uint32) PDU { return PDU{Status: StatusInvCmdLen, Body: &GenericNack{}} },
			func(t *testing.T, err error) { wantInDoubt(t, err, ErrOutOfStep) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := bindScripted(t, Limits{}, tells34, Account{})
				errs := make(chan error)
				go func() {
					_, err := s.Submit(t.Context(), to("1"))
					errs <- err
				}()
				request := p.read()
				p.write(PDU{Sequence: request.Sequence + 1, Body: &SubmitSMResp{}}) // nobody waits for this one
				p.write(tt.answer(request.Sequence))
				tt.check(t, <-errs)
				s.Close()
			})
		})
	}
}

// A centre that does not tell its version is taken for a 3.3 one, which knows no optional parameters.
func TestOptionalParametersNeedAVersion(t *testing.T) {
	reference := TLVs{Uint16TLV(TagUserMessageReference, 7)}
	for _, tt := range []struct {
		name    string
		told    TLVs
		account Account
		send    TLVs
		arrive  int
		refused bool
	}{
		{"3.4", tells34, Account{}, reference, 1, false},
		{"untold", nil, Account{}, reference, 0, false},
		{"untold, but known", nil, Account{TLVsWithoutVersion: true}, reference, 1, false},
		{"untold, and the text is in a parameter", nil, Account{}, TLVs{{TagMessagePayload, []byte("hi")}}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := bindScripted(t, Limits{}, tt.told, tt.account)
				errs := make(chan error, 1)
				go func() {
					_, err := s.Submit(t.Context(), &SubmitSM{TLVs: tt.send})
					errs <- err
				}()
				if tt.refused {
					wantNotSent(t, <-errs, ErrVersion)
				} else if got := p.read().Body.(*SubmitSM); len(got.TLVs) != tt.arrive {
					t.Errorf("%d parameters arrived", len(got.TLVs))
				}
				s.Close()
			})
		})
	}
}

func TestSequenceNumbersWrap(t *testing.T) {
	s := &Session{pending: map[uint32]*request{1: {}}, sequence: maxSequence - 1}
	for _, want := range []uint32{maxSequence, 2, 3} { // 1 is taken
		if got := s.register(&request{}); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func TestUnbindWaitsForAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		c.Server.Submit = func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			time.Sleep(4 * time.Second)
			return nil, StatusOK
		}
		s := c.connect(t, Transceiver, Limits{}, storeNothing)
		errs := make(chan error, 1)
		go func() {
			_, err := s.Submit(t.Context(), to("1"))
			errs <- err
		}()
		synctest.Wait()
		start := time.Now()
		if err := s.Unbind(t.Context()); err != nil || time.Since(start) != 4*time.Second {
			t.Errorf("unbound after %s: %v", time.Since(start), err)
		}
		if err := <-errs; err != nil {
			t.Errorf("the outstanding submit: %v", err)
		}
		closeAll(t, nil, c)
	})
}

func TestAServerInsistsOnABind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		conn, _ := c.dial(t.Context())
		p := scripted{t, conn}
		p.write(PDU{Sequence: 1, Body: &SubmitSM{}})
		if got := p.read(); got.Status != StatusInvBndSts {
			t.Errorf("submit before bind: %s", got.Status)
		}
		p.write(PDU{Sequence: 2, Body: &BindResp{Type: Transceiver}}) // a trick
		p.write(PDU{Sequence: 3, Body: &SubmitSM{}})
		if got := p.read(); got.Status != StatusInvBndSts {
			t.Errorf("submit after a bind's answer of our own: %s", got.Status)
		}
		start := time.Now()
		if _, err := ReadFrame(conn); err != io.EOF || time.Since(start) > defaultTimeout {
			t.Errorf("an idle connection ended after %s: %v", time.Since(start), err)
		}
		closeAll(t, nil, c)
	})
}
