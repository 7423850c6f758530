package sms

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/smpp"
)

// centre is a message centre in the test's bubble that keeps what it was given and answers by a script.
type centre struct {
	smpp.Server
	mu       sync.Mutex
	got      []*smpp.SubmitSM
	statuses []smpp.Status // of the next submits; then success
}

func newCentre() *centre {
	c := &centre{}
	c.Limits.EnquireInterval = -1
	c.Submit = func(_ context.Context, _ *smpp.Session, sm *smpp.SubmitSM) (*smpp.SubmitSMResp, smpp.Status) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got = append(c.got, sm)
		if len(c.statuses) > 0 {
			status := c.statuses[0]
			c.statuses = c.statuses[1:]
			if status != smpp.StatusOK {
				return nil, status
			}
		}
		return &smpp.SubmitSMResp{MessageID: fmt.Sprintf("id%d", len(c.got))}, smpp.StatusOK
	}
	return c
}

func (c *centre) dial(context.Context, string, string) (channel.Conn, error) {
	ours, theirs := net.Pipe()
	c.ServeConn(theirs)
	return ours, nil
}

// take gives what was submitted since the last take.
func (c *centre) take() []*smpp.SubmitSM {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = nil
	return got
}

func (c *centre) script(statuses ...smpp.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses = statuses
}

// inBubble runs a test with an adapter that is bound to a centre, where time costs nothing.
func inBubble(t *testing.T, test func(t *testing.T, w *world, c *centre)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCentre()
		w, stop := start(t, credential("mc.test:2775"), c.dial)
		synctest.Wait()
		test(t, w, c)
		stop()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsSubmitted(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		m := message("m1", "+46701112233", "hi €")
		m.Expires = time.Now().Add(90 * time.Minute)
		m.Properties = map[string]string{"SMS_SENDER": "72323", "SMS_FLASH_MESSAGE": "true", "ELSE": "x"}
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		want := []*smpp.SubmitSM{{
			Source: smpp.Address{TON: 3, NPI: 0, Addr: "72323"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"},
			ValidityPeriod: "000000013000000R", RegisteredDelivery: 1, DataCoding: 0x10, ShortMessage: []byte("hi \x1b\x65"),
			TLVs: smpp.TLVs{smpp.Uint16TLV(smpp.TagUserMessageReference, hash16("m1"))},
		}}
		if diff := cmp.Diff(want, c.take()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		m.Expires = time.Now().Add(-time.Hour)
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := c.take()[0].ValidityPeriod; got != "000000000001000R" {
			t.Errorf("a message that is out of time has validity %q", got)
		}
	})
}

// Law: the attempts of one message are octet for octet the same, so that one can go on where another ended.
func TestAnAttemptGoesOnWhereAnotherEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		m := message("m1", "46701112233", strings.Repeat("long text ", 40))
		if _, err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		whole := c.take()
		c.script(smpp.StatusOK, smpp.StatusSysErr)
		_, err := w.Send(t.Context(), m)
		f := failureOf(t, err)
		if f.Verdict != channel.Retry || len(f.Refs) != 1 || f.Parts != 3 {
			t.Errorf("%v, refs %q of %d parts", f, f.Refs, f.Parts)
		}
		got := c.take()[:1]
		m.PartsDone = len(f.Refs)
		receipt, err := w.Send(t.Context(), m)
		if err != nil || len(receipt.Refs) != 2 || receipt.Parts != 3 {
			t.Errorf("%+v, %v", receipt, err)
		}
		if diff := cmp.Diff(whole, append(got, c.take()...)); diff != "" {
			t.Errorf("(-at once +in two attempts):\n%s", diff)
		}
		m.PartsDone = 3
		if receipt, err := w.Send(t.Context(), m); err != nil || len(receipt.Refs) != 0 || len(c.take()) != 0 {
			t.Errorf("with nothing left to do: %+v, %v", receipt, err)
		}
	})
}

func TestPartLimits(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		for _, tt := range []struct {
			septets  int
			property string
			code     convapi.ReasonCode // empty: sent
		}{
			{1530, "", ""}, {1531, "", convapi.ReasonMessageSplitRequired}, {306, "2", ""}, {307, "2", convapi.ReasonMessageSplitRequired},
			{1531, "11", ""}, {1, "0", convapi.ReasonBadRequest}, {1, "256", convapi.ReasonBadRequest}, {1, "many", convapi.ReasonBadRequest},
		} {
			m := message("m1", "46701112233", strings.Repeat("a", tt.septets))
			m.Properties = map[string]string{"SMS_MAX_NUMBER_OF_MESSAGE_PARTS": tt.property}
			_, err := w.Send(t.Context(), m)
			if tt.code == "" {
				if err != nil {
					t.Errorf("%d septets, limit %q: %v", tt.septets, tt.property, err)
				}
				continue
			}
			if f := failureOf(t, err); f.Verdict != channel.Refuse || f.Reason.Code != tt.code {
				t.Errorf("%d septets, limit %q: %v", tt.septets, tt.property, f)
			}
		}
		_, err := w.Send(t.Context(), message("m1", strings.Repeat("1", 21), "hi"))
		if f := failureOf(t, err); f.Verdict != channel.Refuse || f.Reason.Code != convapi.ReasonBadRequest {
			t.Errorf("a number of 21 digits: %v", f)
		}
	})
}

// A centre that refuses the reference, which only helps, gets the message again without it, and all later ones too.
func TestACentreThatRefusesParameters(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		c.script(smpp.StatusOptParNotAllwd)
		_, err := w.Send(t.Context(), message("m1", "46701112233", "hi"))
		if f := failureOf(t, err); f.Verdict != channel.Retry {
			t.Errorf("%v", f)
		}
		c.take()
		if _, err := w.Send(t.Context(), message("m1", "46701112233", "hi")); err != nil || len(c.take()[0].TLVs) != 0 {
			t.Errorf("the second attempt: %v", err)
		}
		c.script(smpp.StatusOptParNotAllwd)
		_, err = w.Send(t.Context(), message("m2", "46701112233", "hi"))
		if f := failureOf(t, err); f.Verdict != channel.Refuse {
			t.Errorf("refused without any: %v", f)
		}
	})
}

func TestACentreThatGivesNoIDs(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		c.Submit = func(context.Context, *smpp.Session, *smpp.SubmitSM) (*smpp.SubmitSMResp, smpp.Status) {
			return nil, smpp.StatusOK
		}
		receipt, err := w.Send(t.Context(), message("m1", "46701112233", strings.Repeat("a", 161)))
		if diff := cmp.Diff([]string{"none:m1:1", "none:m1:2"}, receipt.Refs); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestSendingWithoutAConnection(t *testing.T) {
	opened, err := Channel.Open(channel.Account{Credential: credential("mc.test:2775")}, channel.Env{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = opened.Send(t.Context(), message("m1", "46701112233", "hi"))
	if f := failureOf(t, err); f.Verdict != channel.Retry || f.Reason.Code != convapi.ReasonChannelFailure {
		t.Errorf("before Run: %v", f)
	}
}

// part makes one of two parts of a handset's message.
func part(seq int, text string) *smpp.DeliverSM {
	return &smpp.DeliverSM{
		Source: smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"}, Destination: smpp.Address{Addr: "72323"}, ESMClass: smpp.EsmUDHI,
		ShortMessage: append([]byte{5, 0, 3, 7, 2, byte(seq)}, text...),
	}
}

// Law: a part is acknowledged only when the whole message is stored. A centre that waits for each answer gets through all the same.
func TestPartsOneByOne(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		s := c.Sessions()[0]
		start := time.Now()
		err := s.Deliver(t.Context(), part(1, "one "))
		if !strings.Contains(fmt.Sprint(err), "RX_T_APPN") || time.Since(start) != partPatience || len(w.sink.inbound) != 0 {
			t.Errorf("the first part after %s: %v", time.Since(start), err)
		}
		if err := s.Deliver(t.Context(), part(2, "two")); err != nil {
			t.Errorf("the last part: %v", err)
		}
		if got := <-w.sink.inbound; got.Message.TextMessage.Text != "one two" {
			t.Errorf("%+v", got)
		}
		for seq, text := range []string{"one ", "two"} { // the first comes again as was asked for, the last after a lost answer
			if err := s.Deliver(t.Context(), part(seq+1, text)); err != nil {
				t.Errorf("part %d again: %v", seq+1, err)
			}
		}
		if len(w.sink.inbound) != 0 {
			t.Error("stored twice")
		}
	})
}

// Law: a crash between the parts, or between storing and answering, loses nothing and doubles nothing.
func TestPartsSurviveACrash(t *testing.T) {
	var keys []string
	inBubble(t, func(t *testing.T, _ *world, c *centre) {
		if err := c.Sessions()[0].Deliver(t.Context(), part(1, "one ")); err == nil {
			t.Error("acknowledged without being stored")
		}
	})
	for range 2 {
		inBubble(t, func(t *testing.T, w *world, c *centre) {
			var all sync.WaitGroup
			for seq, text := range []string{"one ", "two"} {
				all.Go(func() {
					if err := c.Sessions()[0].Deliver(t.Context(), part(seq+1, text)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			keys = append(keys, (<-w.sink.inbound).Key)
		})
	}
	if keys[0] != keys[1] || keys[0] == "" {
		t.Errorf("the same message has the keys %q", keys)
	}
}

func TestAPartThatNeverComes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		_ = c.Sessions()[0].Deliver(t.Context(), part(2, "two"))
		time.Sleep(assembleTTL + 2*expiryInterval)
		got := <-w.sink.inbound
		if got.Message.TextMessage.Text != "two" || got.Metadata != "incomplete: 1 of 2 parts missing" {
			t.Errorf("%+v", got)
		}
	})
}

// A reference that is used again gives up the older message: it is stored as far as it came, and its part is acknowledged.
func TestAReferenceUsedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		s := c.Sessions()[0]
		var all sync.WaitGroup
		for _, text := range []string{"old", "new "} {
			all.Go(func() {
				if err := s.Deliver(t.Context(), part(1, text)); err != nil {
					t.Errorf("%q: %v", text, err)
				}
			})
			synctest.Wait()
		}
		if err := s.Deliver(t.Context(), part(2, "text")); err != nil {
			t.Error(err)
		}
		all.Wait()
		first, second := <-w.sink.inbound, <-w.sink.inbound
		if first.Message.TextMessage.Text != "old" || first.Metadata == "" || second.Message.TextMessage.Text != "new text" {
			t.Errorf("%+v, then %+v", first, second)
		}
	})
}

func TestDataThatIsNoText(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, c *centre) {
		sm := &smpp.DeliverSM{Source: smpp.Address{Addr: "46701112233"}, Destination: smpp.Address{Addr: "72323"}, DataCoding: 4, ShortMessage: []byte{0, 1}}
		if err := c.Sessions()[0].Deliver(t.Context(), sm); err != nil {
			t.Error(err)
		}
		if got := <-w.sink.inbound; string(got.Unsupported) != `{"data_coding":4,"esm_class":0,"data":"AAE="}` || got.Message != nil {
			t.Errorf("%+v", got)
		}
		if err := c.Sessions()[0].Deliver(t.Context(), &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte("?")}); err != nil || len(w.sink.inbound) != 0 {
			t.Errorf("a receipt that names nothing: %v, %d stored", err, len(w.sink.inbound))
		}
	})
}
