package coding

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/smpp"
)

func TestParseReceipt(t *testing.T) {
	submitted, done := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC), time.Date(2026, 11, 2, 10, 1, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, text string
		tlvs       smpp.TLVs
		want       Receipt
	}{
		{"by the book", "id:1000000001 sub:001 dlvrd:001 submit date:2611021000 done date:2611021001 stat:DELIVRD err:000 text:hello there", nil,
			Receipt{MessageID: "1000000001", State: Delivered, Stat: "DELIVRD", Err: "000", Submitted: submitted, Done: done, Text: "hello there"}},
		{"other order, case, underscores, seconds", "STAT:Undeliv Err:1A ID:7F done_date:261102100100 submit_date:261102100000", nil,
			Receipt{MessageID: "7F", State: Undeliverable, Stat: "UNDELIV", Err: "1A", Submitted: submitted, Done: done}},
		{"the user's text is not searched", "id:1 stat:EXPIRED err:0 text:id:2 stat:DELIVRD err:9", nil,
			Receipt{MessageID: "1", State: Expired, Stat: "EXPIRED", Err: "0", Text: "id:2 stat:DELIVRD err:9"}},
		{"text in capitals, nothing behind it", "id:1 stat:REJECTD Text:", nil, Receipt{MessageID: "1", State: Rejected, Stat: "REJECTD"}},
		{"a name inside a word is no name", "grid:5 id:1 stat:DELETED", nil, Receipt{MessageID: "1", State: Deleted, Stat: "DELETED"}},
		{"a date that is none", "id:1 stat:ACCEPTD done date:never", nil, Receipt{MessageID: "1", State: Accepted, Stat: "ACCEPTD"}},
		{"a state that nobody knows", "id:1 stat:SKIPPED", nil, Receipt{MessageID: "1", Stat: "SKIPPED"}},
		{"an empty err", "id:1 err: stat:ENROUTE", nil, Receipt{MessageID: "1", State: Enroute, Stat: "ENROUTE"}},
		{"parameters only", "", smpp.TLVs{
			smpp.CStringTLV(smpp.TagReceiptedMessageID, "1a"), smpp.Uint8TLV(smpp.TagMessageState, 5), {Tag: smpp.TagNetworkErrorCode, Value: []byte{3, 0, 27}},
		}, Receipt{MessageID: "1a", State: Undeliverable, Network: &NetworkError{Type: GSMNetwork, Code: 27}}},
		{"parameters win", "id:1 stat:UNKNOWN err:5", smpp.TLVs{
			{Tag: smpp.TagReceiptedMessageID, Value: []byte("1a")}, smpp.Uint8TLV(smpp.TagMessageState, 2),
		}, Receipt{MessageID: "1a", State: Delivered, Stat: "UNKNOWN", Err: "5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseReceipt(&smpp.DeliverSM{ShortMessage: []byte(tt.text), TLVs: tt.tlvs}, GSM7Unpacked)
			if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
				t.Errorf("receipt: %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func TestNoReceipt(t *testing.T) {
	for _, text := range []string{"", "hello", "stat:DELIVRD", "id:5", "my id:", "text:id:1 stat:DELIVRD", "the id:7 of it"} {
		if r, ok := ParseReceipt(&smpp.DeliverSM{ShortMessage: []byte(text)}, GSM7Unpacked); ok {
			t.Errorf("%q was taken for a receipt: %+v", text, r)
		}
	}
}

func FuzzParseReceipt(f *testing.F) {
	f.Add([]byte("id:1 sub:001 submit date:2611021000 stat:DELIVRD err:000 text:x"), uint8(0), uint8(0x04))
	f.Add([]byte("\x05\x00\x03\x07\x02\x01hello"), uint8(8), uint8(0x40))
	f.Fuzz(func(_ *testing.T, message []byte, dataCoding, esmClass uint8) {
		for a := GSM7Unpacked; a <= UTF8; a++ {
			sm := &smpp.DeliverSM{ShortMessage: message, DataCoding: dataCoding, ESMClass: esmClass}
			ParseReceipt(sm, a)
			Read(sm, a)
		}
	})
}

func TestMessageIDForms(t *testing.T) {
	for _, tt := range []struct {
		form            IDForm
		answer, receipt string
		same            bool
	}{
		{IDAsIs, "abc", "abc", true},
		{IDAsIs, "00ABC", "abc", true},
		{IDAsIs, "0", "000", true},
		{IDAsIs, "1f", "31", false},
		{IDRespHexDlrDec, "1F", "31", true},
		{IDRespHexDlrDec, "0x1f", "0000000031", true},
		{IDRespHexDlrDec, "31", "31", false},
		{IDRespHexDlrDec, "ffffffffffffffffffff", "1208925819614629174706175", true},
		{IDRespHexDlrDec, "xyz", "XYZ", true}, // not hexadecimal after all
		{IDRespDecDlrHex, "31", "1F", true},
		{IDRespDecDlrHex, "31", "31", false},
	} {
		if got := tt.form.FromAnswer(tt.answer) == tt.form.FromReceipt(tt.receipt); got != tt.same {
			t.Errorf("%s: %q and %q: same is %v", tt.form, tt.answer, tt.receipt, got)
		}
	}
}
