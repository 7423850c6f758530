package sms

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

func TestWhatStatusesMean(t *testing.T) {
	type want struct {
		verdict channel.Verdict
		code    convapi.ReasonCode
		account bool
	}
	retry := func(code convapi.ReasonCode) want { return want{channel.Retry, code, false} }
	refused := func(code convapi.ReasonCode) want { return want{channel.Refuse, code, false} }
	account := want{channel.Refuse, convapi.ReasonChannelBadConfiguration, true}
	for _, tt := range []struct {
		statuses []smpp.Status
		want     want
	}{
		{[]smpp.Status{0x01, 0x02, 0x03, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x54, 0x55, 0x61, 0x62, 0x63, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4}, refused(convapi.ReasonBadRequest)},
		{[]smpp.Status{0x04, 0x08, 0x64}, retry(convapi.ReasonChannelFailure)},
		{[]smpp.Status{0x05, 0x0A, 0x0D, 0x0E, 0x0F, 0x15, 0x48, 0x49, 0x53}, account},
		{[]smpp.Status{0x0B, 0x50, 0x51}, refused(convapi.ReasonRecipientInvalidChannelIdentity)},
		{[]smpp.Status{0x0C, 0x65, 0x66, 0x101, 0x3FF, 0x400, 0x4FF, 0x99}, refused(convapi.ReasonChannelReject)},
		{[]smpp.Status{0x14, 0x58}, retry(convapi.ReasonRateLimited)},
		{[]smpp.Status{0x45}, retry(convapi.ReasonChannelReject)},
		{[]smpp.Status{0xFE}, refused(convapi.ReasonRecipientNotReachable)},
		{[]smpp.Status{0xFF}, retry(convapi.ReasonUnknown)},
	} {
		for _, status := range tt.statuses {
			f := (&adapter{}).classify(&smpp.StatusError{Command: smpp.CmdSubmitSM, Status: status})
			if got := (want{f.Verdict, f.Reason.Code, f.Account}); got != tt.want {
				t.Errorf("%s: %+v, want %+v", status, got, tt.want)
			}
			if !strings.HasPrefix(f.Reason.Description, relayed) || f.Reason.ChannelCode == "" {
				t.Errorf("%s: %+v", status, f.Reason)
			}
		}
	}
	if f := meaningOf(smpp.StatusInvSrcAdr).failure(smpp.StatusInvSrcAdr, nil); f.Reason.SubCode != convapi.SubCodeInactiveSender {
		t.Errorf("a refused sender has sub code %s", f.Reason.SubCode)
	}
	if f := meaningOf(smpp.StatusMsgQFul).failure(smpp.StatusMsgQFul, nil); f.RetryAfter != queueFullWait {
		t.Errorf("a full queue is left alone for %s", f.RetryAfter)
	}
}

func TestWhatReceiptsMean(t *testing.T) {
	gsm := func(code uint16) *coding.NetworkError {
		return &coding.NetworkError{Type: coding.GSMNetwork, Code: code}
	}
	for _, tt := range []struct {
		name    string
		receipt coding.Receipt
		status  convapi.DeliveryStatus // empty: no news
		code    convapi.ReasonCode
		raw     string
	}{
		{"enroute", coding.Receipt{State: coding.Enroute}, "", "", ""},
		{"accepted", coding.Receipt{State: coding.Accepted}, "", "", ""},
		{"a state that nobody knows", coding.Receipt{Stat: "SKIPPED"}, "", "", ""},
		{"delivered", coding.Receipt{State: coding.Delivered, Err: "000"}, convapi.StatusDelivered, "", ""},
		{"expired", coding.Receipt{State: coding.Expired, Err: "27"}, convapi.StatusFailed, convapi.ReasonMessageExpired, "27"},
		{"deleted", coding.Receipt{State: coding.Deleted}, convapi.StatusFailed, convapi.ReasonChannelReject, ""},
		{"undeliverable", coding.Receipt{State: coding.Undeliverable}, convapi.StatusFailed, convapi.ReasonRecipientNotReachable, ""},
		{"undeliverable, unknown subscriber", coding.Receipt{State: coding.Undeliverable, Network: gsm(1)}, convapi.StatusFailed, convapi.ReasonRecipientInvalidChannelIdentity, "1"},
		{"the same in text", coding.Receipt{State: coding.Undeliverable, Err: "001"}, convapi.StatusFailed, convapi.ReasonRecipientInvalidChannelIdentity, "001"},
		{"undeliverable, system failure", coding.Receipt{State: coding.Undeliverable, Network: gsm(34), Err: "1"}, convapi.StatusFailed, convapi.ReasonChannelFailure, "1"},
		{"an error of another network", coding.Receipt{State: coding.Undeliverable, Network: &coding.NetworkError{Type: 1, Code: 1}}, convapi.StatusFailed, convapi.ReasonRecipientNotReachable, ""},
		{"an error in letters", coding.Receipt{State: coding.Undeliverable, Err: "1F"}, convapi.StatusFailed, convapi.ReasonRecipientNotReachable, "1F"},
		{"unknown", coding.Receipt{State: coding.Unknown}, convapi.StatusFailed, convapi.ReasonUnknown, ""},
		{"rejected", coding.Receipt{State: coding.Rejected}, convapi.StatusFailed, convapi.ReasonChannelReject, ""},
		{"rejected, barred", coding.Receipt{State: coding.Rejected, Network: gsm(13)}, convapi.StatusFailed, convapi.ReasonDeliveryRejectedDueToPolicy, "13"},
	} {
		tt.receipt.MessageID = "00AB"
		got, news := (&adapter{}).report(tt.receipt)
		if news != (tt.status != "") || got.Status != tt.status || got.Reason.Code != tt.code || got.Reason.ChannelCode != tt.raw {
			t.Errorf("%s: %v, %+v", tt.name, news, got)
		}
		if news && got.Ref != "ab" {
			t.Errorf("%s: ref %q", tt.name, got.Ref)
		}
	}
	for n := range gsmErrors {
		if f := failureReason(coding.Receipt{State: coding.Undeliverable, Network: gsm(n)}, convapi.ReasonUnknown); f.Code != gsmErrors[n].code {
			t.Errorf("network error %d: %s", n, f.Code)
		}
	}
}

func TestWhatIsAReceipt(t *testing.T) {
	for _, tt := range []struct {
		name string
		sm   smpp.DeliverSM
		want bool
	}{
		{"marked", smpp.DeliverSM{ESMClass: 0x04, ShortMessage: []byte("id:1 stat:DELIVRD")}, true},
		{"intermediate", smpp.DeliverSM{ESMClass: 0x20, ShortMessage: []byte("id:1 stat:ENROUTE")}, true},
		{"unmarked, with parameters", smpp.DeliverSM{TLVs: smpp.TLVs{smpp.CStringTLV(smpp.TagReceiptedMessageID, "1"), smpp.Uint8TLV(smpp.TagMessageState, 2)}}, true},
		{"unmarked, in full", smpp.DeliverSM{ShortMessage: []byte("id:1 submit date:2611021000 done date:2611021001 stat:DELIVRD")}, true},
		{"unmarked, what a person might write", smpp.DeliverSM{ShortMessage: []byte("id:1 stat:DELIVRD")}, false},
		{"an acknowledgement by a person", smpp.DeliverSM{ESMClass: 0x08, ShortMessage: []byte("id:1 stat:DELIVRD done date:2611021001")}, false},
	} {
		r, ok := coding.ParseReceipt(&tt.sm, coding.GSM7Unpacked)
		if got := ok && isReceipt(&tt.sm, r); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestSenders(t *testing.T) {
	octet := func(n int) *int { return &n }
	for _, tt := range []struct {
		property string
		account  convapi.SMPPCredentials
		want     smpp.Address
	}{
		{"", convapi.SMPPCredentials{}, smpp.Address{}},
		{"", convapi.SMPPCredentials{SourceAddress: "46701112233"}, smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"}},
		{"", convapi.SMPPCredentials{SourceAddress: "+46701112233"}, smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"}},
		{"", convapi.SMPPCredentials{SourceAddress: "72323"}, smpp.Address{TON: 3, NPI: 0, Addr: "72323"}},
		{"", convapi.SMPPCredentials{SourceAddress: "72323", SourceTON: octet(0), SourceNPI: octet(1)}, smpp.Address{TON: 0, NPI: 1, Addr: "72323"}},
		{"Acme", convapi.SMPPCredentials{SourceAddress: "72323", SourceTON: octet(0)}, smpp.Address{TON: 5, NPI: 0, Addr: "Acme"}},
	} {
		a := &adapter{credentials: &tt.account}
		got := a.source(channel.Outbound{Properties: map[string]string{"SMS_SENDER": tt.property}})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q, %q (-want +got):\n%s", tt.property, tt.account.SourceAddress, diff)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := Channel.Check(credential("127.0.0.1:2775")); err != nil {
		t.Errorf("a good credential: %v", err)
	}
	// The contract's own forms are kept, though nothing can be sent with them.
	own := convapi.ChannelCredential{Channel: convapi.ChannelSMS, StaticBearer: &convapi.StaticBearer{ClaimedIdentity: "c", Token: "t"}}
	if err := Channel.Check(own); err != nil {
		t.Errorf("static_bearer: %v", err)
	}
	if _, err := Channel.Open(channel.Account{Credential: own}, channel.Env{}); err == nil || !strings.Contains(err.Error(), "smpp_credentials") {
		t.Errorf("opened without smpp_credentials: %v", err)
	}
	for field, spoil := range map[string]func(*convapi.SMPPCredentials){
		"address":         func(c *convapi.SMPPCredentials) { c.Address = "localhost" },
		"system_id":       func(c *convapi.SMPPCredentials) { c.SystemID = "" },
		"gsm7":            func(c *convapi.SMPPCredentials) { c.GSM7 = "ebcdic" },
		"message_id_form": func(c *convapi.SMPPCredentials) { c.MessageIDForm = "roman" },
		"source_address":  func(c *convapi.SMPPCredentials) { c.SourceAddress = strings.Repeat("1", 21) },
	} {
		c := credential("127.0.0.1:2775", spoil)
		err := Channel.Check(c)
		if err == nil || !strings.Contains(err.Error(), "smpp_credentials."+field) {
			t.Errorf("%s: %v", field, err)
		}
		if _, err := Channel.Open(channel.Account{Credential: c}, channel.Env{}); err == nil {
			t.Errorf("%s: opened", field)
		}
	}
}

// What a status means can depend on the message: the same failure too often, or
// a sender that only this message names.
func TestStatusesInContext(t *testing.T) {
	own := map[string]string{propertySender: "Shop"}
	for _, tt := range []struct {
		name    string
		status  smpp.Status
		message channel.Outbound
		verdict channel.Verdict
		account bool
	}{
		{"submit failed once", smpp.StatusSubmitFail, channel.Outbound{}, channel.Retry, false},
		{"submit failed twice", smpp.StatusSubmitFail, channel.Outbound{Retries: 1}, channel.Retry, false},
		{"submit failed three times", smpp.StatusSubmitFail, channel.Outbound{Retries: 2}, channel.Refuse, false},
		{"busy for long", smpp.StatusSysErr, channel.Outbound{Retries: 9}, channel.Retry, false},
		{"the account's sender", smpp.StatusInvSrcAdr, channel.Outbound{}, channel.Refuse, true},
		{"the message's own sender", smpp.StatusInvSrcAdr, channel.Outbound{Properties: own}, channel.Refuse, false},
	} {
		err := &smpp.StatusError{Command: smpp.CmdSubmitSM, Status: tt.status}
		f := inContext((&adapter{}).classify(err), err, tt.message)
		if f.Verdict != tt.verdict || f.Account != tt.account {
			t.Errorf("%s: %v, account %v; want %v, %v", tt.name, f.Verdict, f.Account, tt.verdict, tt.account)
		}
	}
}
