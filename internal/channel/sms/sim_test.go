package sms

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/smsc"
	"switchyard/smpp/coding"
)

// send submits and gives the one id.
func (w *world) send(t *testing.T, m channel.Outbound) string {
	t.Helper()
	receipt, err := w.Send(t.Context(), m)
	if err != nil || len(receipt.Refs) != 1 || receipt.Parts != 1 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	return receipt.Refs[0]
}

// Law: whatever the form of ids and receipts, a report finds its message.
func TestReportsFindTheirMessages(t *testing.T) {
	for form := coding.IDAsIs; form <= coding.IDRespDecDlrHex; form++ {
		for _, text := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, text only %v", form, text), func(t *testing.T) {
				w, _ := onSim(t, smsc.Config{IDForm: form, TextReceipts: text}, func(c *convapi.SMPPCredentials) { c.MessageIDForm = form.String() })
				ref := w.send(t, message("m1", "46701112233", "hi"))
				if r := await(t, "report", w.sink.reports); r.Ref != ref || r.Status != convapi.StatusDelivered {
					t.Errorf("sent as %q, reported %+v", ref, r)
				}
			})
		}
	}
}

func TestAPair(t *testing.T) {
	w, _ := onSim(t, smsc.Config{}, func(c *convapi.SMPPCredentials) { c.BindMode = convapi.BindTXRX })
	w.log.await(t, "type=receiver")
	w.log.await(t, "type=transmitter")
	ref := w.send(t, message("m1", "46701112233", "hi"))
	if r := await(t, "report", w.sink.reports); r.Ref != ref {
		t.Errorf("sent as %q, reported %+v", ref, r)
	}
}

func TestALongMessageHasAnIDForEachPart(t *testing.T) {
	w, sim := onSim(t, smsc.Config{})
	receipt, err := w.Send(t.Context(), message("m1", "46701112233", strings.Repeat("long text ", 40)))
	if err != nil || len(receipt.Refs) != 3 || receipt.Parts != 3 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	reported := map[string]bool{}
	for range 3 {
		reported[await(t, "report", w.sink.reports).Ref] = true
	}
	for _, ref := range receipt.Refs {
		if !reported[ref] {
			t.Errorf("part %s was not reported", ref)
		}
	}
	if n := sim.Journal().Recipient("46701112233"); n != 3 {
		t.Errorf("the centre has %d parts", n)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	w, sim := onSim(t, smsc.Config{Faults: smsc.NumberFaults()})
	for _, tt := range []struct {
		to      string
		verdict channel.Verdict
		code    convapi.ReasonCode
	}{
		{"467018011", channel.Refuse, convapi.ReasonRecipientInvalidChannelIdentity},
		{"467018010", channel.Refuse, convapi.ReasonChannelBadConfiguration},
		{"467018008", channel.Retry, convapi.ReasonChannelFailure},
		{"467018254", channel.Refuse, convapi.ReasonRecipientNotReachable},
		{"467019009", channel.Retry, convapi.ReasonChannelFailure},
	} {
		_, err := w.Send(t.Context(), message(tt.to, tt.to, "hi"))
		if f := failureOf(t, err); f.Verdict != tt.verdict || f.Reason.Code != tt.code {
			t.Errorf("%s: %v", tt.to, f)
		}
		if n := sim.Journal().Recipient(tt.to); n != 0 {
			t.Errorf("%s: the centre took %d", tt.to, n)
		}
	}
	for to, code := range map[string]convapi.ReasonCode{
		"467017003": convapi.ReasonMessageExpired,
		"467017005": convapi.ReasonRecipientInvalidChannelIdentity, // the err field is 001
		"467017008": convapi.ReasonChannelReject,
	} {
		ref := w.send(t, message(to, to, "hi"))
		if r := await(t, "report", w.sink.reports); r.Ref != ref || r.Status != convapi.StatusFailed || r.Reason.Code != code {
			t.Errorf("%s: %+v", to, r)
		}
	}
}

func TestReportsInAnyFashion(t *testing.T) {
	w, _ := onSim(t, smsc.Config{Faults: smsc.NumberFaults()})
	for to, reports := range map[string]int{"467019003": 2, "467019004": 1} { // twice; the intermediate one after the last is no news
		ref := w.send(t, message(to, to, "hi"))
		for range reports {
			if r := await(t, "report", w.sink.reports); r.Ref != ref || r.Status != convapi.StatusDelivered {
				t.Errorf("%s: %+v", to, r)
			}
		}
	}
	// Early: stored before the submit is answered.
	ref := w.send(t, message("m", "467019005", "hi"))
	select {
	case r := <-w.sink.reports:
		if r.Ref != ref {
			t.Errorf("early: %+v", r)
		}
	default:
		t.Error("the early report was not there when the send was answered")
	}
}

// Law: a message of which a part may have gone out is never called unsent.
func TestALostAnswerIsUnknown(t *testing.T) {
	for _, to := range []string{"467019006", "467019007"} { // cut before and after the centre took it: the same from outside
		w, sim := onSim(t, smsc.Config{Faults: smsc.NumberFaults()})
		_, err := w.Send(t.Context(), message(to, to, "hi"))
		if f := failureOf(t, err); f.Verdict != channel.Unknown {
			t.Errorf("%s: %v", to, f)
		}
		_, err = w.Send(t.Context(), message("next", "46701112233", "hi"))
		if f := failureOf(t, err); f.Verdict != channel.Retry || f.RetryAfter == 0 {
			t.Errorf("while the link is down: %v", f)
		}
		if n := sim.Journal().Recipient("46701112233"); n != 0 {
			t.Errorf("the centre took %d of what was not sent", n)
		}
	}
	w, _ := onSim(t, smsc.Config{Faults: []fault.Fault{{Kind: fault.Slow, DelayMS: 60_000}}})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := w.Send(ctx, message("m", "46701112233", "hi"))
	if f := failureOf(t, err); f.Verdict != channel.Unknown {
		t.Errorf("no answer: %v", f)
	}
}

func TestThrottledThenSent(t *testing.T) {
	w, sim := onSim(t, smsc.Config{Faults: []fault.Fault{{Kind: fault.Throttle, Times: 1}}})
	_, err := w.Send(t.Context(), message("m", "46701112233", "hi"))
	if f := failureOf(t, err); f.Verdict != channel.Retry || f.Reason.Code != convapi.ReasonRateLimited || f.RetryAfter == 0 {
		t.Errorf("throttled: %v", f)
	}
	w.send(t, message("m", "46701112233", "hi"))
	if n := sim.Journal().Text("hi"); n != 1 {
		t.Errorf("the centre took %d", n)
	}
}

func TestARefusedAccount(t *testing.T) {
	w, _ := onSim(t, smsc.Config{})
	wrong := credential(w.credentials.Address, func(c *convapi.SMPPCredentials) { c.Password = "wrong" })
	other, stop := start(t, wrong, (&net.Dialer{}).DialContext)
	defer stop()
	other.log.await(t, "the message centre refuses the account")
	_, err := other.Send(t.Context(), message("m", "46701112233", "hi"))
	if f := failureOf(t, err); f.Verdict != channel.Refuse || !f.Account || f.Reason.Code != convapi.ReasonChannelBadConfiguration {
		t.Errorf("%v", f)
	}
}

func TestMessagesOfHandsets(t *testing.T) {
	w, sim := onSim(t, smsc.Config{RetryAfter: time.Millisecond})
	for _, text := range []string{"hi €", "Привет 😀", strings.Repeat("long text ", 40), strings.Repeat("длинный ", 20)} {
		if err := sim.Inbound(t.Context(), smsc.Inbound{From: "46701112233", To: "72323", Text: text}); err != nil {
			t.Fatal(err)
		}
		got := await(t, "message", w.sink.inbound)
		if got.Identity != "46701112233" || got.SenderID != "72323" || got.Message.TextMessage.Text != text || got.Metadata != "" {
			t.Errorf("%q arrived as %+v", text, got)
		}
	}
	if n := len(w.sink.inbound); n != 0 {
		t.Errorf("%d more than were sent", n)
	}
}

// Law: what could not be stored is not acknowledged, and comes again.
func TestWhatIsNotStoredComesAgain(t *testing.T) {
	w, sim := onSim(t, smsc.Config{RetryAfter: time.Millisecond})
	w.sink.fail(context.DeadlineExceeded)
	taken := make(chan error, 2)
	for _, text := range []string{"short", strings.Repeat("long text ", 40)} {
		go func() { taken <- sim.Inbound(t.Context(), smsc.Inbound{From: "46701112233", To: "72323", Text: text}) }()
	}
	ref := w.send(t, message("m", "46701112233", "hi"))
	for range cap(w.sink.refused) {
		await(t, "attempt", w.sink.refused)
	}
	if n := len(taken); n != 0 {
		t.Fatalf("%d acknowledged without being stored", n)
	}
	w.sink.fail(nil)
	for range 2 {
		if err := await(t, "acknowledgement", taken); err != nil {
			t.Error(err)
		}
		await(t, "message", w.sink.inbound)
	}
	if r := await(t, "report", w.sink.reports); r.Ref != ref {
		t.Errorf("reported %+v", r)
	}
	if n := len(w.sink.inbound); n != 0 {
		t.Errorf("%d more than were sent", n)
	}
}
