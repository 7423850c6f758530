package smpp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wire joins lines of hex; what stands behind a # is a comment.
func wire(t *testing.T, lines string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(lines) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The octets below were laid out by hand from chapter 4 of the specification.
var goldenPDUs = []struct {
	name string
	pdu  PDU
	wire string
}{
	{"bind_transceiver", PDU{Sequence: 1, Body: &Bind{Type: Transceiver, SystemID: "gw", Password: "secret", SystemType: "VMA", InterfaceVersion: 0x34}}, `
		00000022 00000009 00000000 00000001
		67 77 00              # system_id
		73 65 63 72 65 74 00  # password
		56 4d 41 00           # system_type
		34                    # interface_version
		00 00 00              # addr_ton, addr_npi, address_range
		`},
	{"bind_receiver_resp", PDU{Sequence: 2, Body: &BindResp{Type: Receiver, SystemID: "mc", TLVs: TLVs{Uint8TLV(TagSCInterfaceVersion, 0x34)}}}, `
		00000018 80000001 00000000 00000002
		6d 63 00
		0210 0001 34
		`},
	{"bind_transmitter_resp refused", PDU{Status: StatusInvPaswd, Sequence: 3, Body: &BindResp{Type: Transmitter}}, `00000010 80000002 0000000e 00000003`},
	{"submit_sm", PDU{Sequence: 0x7fffffff, Body: &SubmitSM{
		Source: Address{5, 0, "Acme"}, Destination: Address{1, 1, "46701112233"}, ESMClass: EsmUDHI, ValidityPeriod: "000001000000000R",
		RegisteredDelivery: 1, DataCoding: 8, ShortMessage: []byte{5, 0, 3, 7, 2, 1, 0x20, 0xac},
		TLVs: TLVs{Uint16TLV(TagUserMessageReference, 0x1234)},
	}}, `
		0000004e 00000004 00000000 7fffffff
		00                                               # service_type
		05 00 41 63 6d 65 00                             # source
		01 01 34 36 37 30 31 31 31 32 32 33 33 00        # destination
		40 00 00                                         # esm_class, protocol_id, priority_flag
		00                                               # schedule_delivery_time
		30 30 30 30 30 31 30 30 30 30 30 30 30 30 30 52 00 # validity_period
		01 00 08 00                                      # registered_delivery, replace_if_present, data_coding, sm_default_msg_id
		08 05 00 03 07 02 01 20 ac                       # sm_length, short_message
		0204 0002 1234                                   # user_message_reference
		`},
	{"submit_sm_resp", PDU{Sequence: 9, Body: &SubmitSMResp{MessageID: "1a"}}, `00000013 80000004 00000000 00000009 31 61 00`},
	{"submit_sm_resp refused", PDU{Status: StatusThrottled, Sequence: 9, Body: &SubmitSMResp{}}, `00000010 80000004 00000058 00000009`},
	{"deliver_sm", PDU{Sequence: 4, Body: &DeliverSM{
		Source: Address{1, 1, "46"}, Destination: Address{0, 0, "7"}, ESMClass: EsmReceipt,
		TLVs: TLVs{CStringTLV(TagReceiptedMessageID, "1a"), Uint8TLV(TagMessageState, 2)},
	}}, `
		00000030 00000005 00000000 00000004
		00
		01 01 34 36 00
		00 00 37 00
		04 00 00
		00 00
		00 00 00 00
		00
		001e 0003 31 61 00
		0427 0001 02
		`},
	{"deliver_sm_resp", PDU{Sequence: 4, Body: &DeliverSMResp{}}, `00000011 80000005 00000000 00000004 00`},
	{"deliver_sm_resp, try later", PDU{Status: StatusRxTempAppn, Sequence: 4, Body: &DeliverSMResp{}}, `00000011 80000005 00000064 00000004 00`},
	{"data_sm", PDU{Sequence: 5, Body: &DataSM{Source: Address{1, 1, "1"}, Destination: Address{1, 1, "2"}, TLVs: TLVs{{TagMessagePayload, []byte("hi")}}}}, `
		00000022 00000103 00000000 00000005
		00
		01 01 31 00
		01 01 32 00
		00 00 00
		0424 0002 68 69
		`},
	{"data_sm_resp", PDU{Sequence: 5, Body: &DataSMResp{MessageID: "x"}}, `00000012 80000103 00000000 00000005 78 00`},
	{"enquire_link", PDU{Sequence: 6, Body: &EnquireLink{}}, `00000010 00000015 00000000 00000006`},
	{"enquire_link_resp", PDU{Sequence: 6, Body: &EnquireLinkResp{}}, `00000010 80000015 00000000 00000006`},
	{"unbind", PDU{Sequence: 7, Body: &Unbind{}}, `00000010 00000006 00000000 00000007`},
	{"unbind_resp", PDU{Sequence: 7, Body: &UnbindResp{}}, `00000010 80000006 00000000 00000007`},
	{"generic_nack", PDU{Status: StatusInvCmdID, Sequence: 8, Body: &GenericNack{}}, `00000010 80000000 00000003 00000008`},
	{"alert_notification", PDU{Sequence: 8, Body: &AlertNotification{Source: Address{1, 1, "46"}, ESME: Address{3, 0, "72"}}}, `
		0000001a 00000102 00000000 00000008
		01 01 34 36 00
		03 00 37 32 00
		`},
	{"a command that we do not know", PDU{Sequence: 1, Body: &Raw{ID: 0x21, Data: []byte{1, 2}}}, `00000012 00000021 00000000 00000001 0102`},
}

func TestWireFormat(t *testing.T) {
	for _, tt := range goldenPDUs {
		t.Run(tt.name, func(t *testing.T) {
			want := wire(t, tt.wire)
			got, err := tt.pdu.Append([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(hex.Dump(append([]byte("before"), want...)), hex.Dump(got)); diff != "" {
				t.Errorf("encoded (-want +got):\n%s", diff)
			}
			pdu, err := Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.pdu, pdu); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

// Some centres answer success with a bare header too.
func TestBareAnswersAreLegal(t *testing.T) {
	for _, command := range []CommandID{
		CmdBindReceiverResp, CmdBindTransmitterResp, CmdBindTransceiverResp, CmdSubmitSMResp, CmdDeliverSMResp, CmdDataSMResp, CmdUnbindResp,
		CmdEnquireLinkResp, CmdGenericNack,
	} {
		for _, status := range []Status{StatusOK, StatusSysErr} {
			frame, err := PDU{Status: status, Sequence: 3, Body: &Raw{ID: command}}.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(frame)
			want := PDU{Status: status, Sequence: 3, Body: newBody(command)}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s with %s: error %v, (-want +got):\n%s", command, status, err, diff)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, wire string
		status     Status
	}{
		{"string without NUL", `00000012 80000004 00000000 00000001 31 61`, StatusInvCmdLen},
		{"fixed field missing", `00000011 00000004 00000000 00000001 00`, StatusInvCmdLen},
		{"request without body", `00000010 00000004 00000000 00000001`, StatusInvCmdLen},
		{"short_message longer than the PDU", `00000022 00000004 00000000 00000001 00 000000 000000 000000 00 00 00000000 ff 61`, StatusInvCmdLen},
		{"TLV header cut", `00000014 80000004 00000000 00000001 00 020400`, StatusInvOptParStream},
		{"TLV value cut", `00000016 80000004 00000000 00000001 00 0204 0002 12`, StatusInvParLen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pdu, err := Decode(wire(t, tt.wire))
			var decodeErr *DecodeError
			if !errors.As(err, &decodeErr) || decodeErr.Status != tt.status {
				t.Fatalf("got %v, want a DecodeError with %s", err, tt.status)
			}
			if pdu.Sequence != 1 {
				t.Error("the sequence number is needed for the answer")
			}
		})
	}
}

func TestFrameBounds(t *testing.T) {
	for _, length := range []string{"00000000", "0000000f", "00010001", "ffffffff"} {
		if _, err := ReadFrame(bytes.NewReader(wire(t, length+"00000015 00000000 00000001"))); !errors.Is(err, ErrFrame) {
			t.Errorf("command_length %s: got %v, want ErrFrame", length, err)
		}
	}
	largest := PDU{Sequence: 1, Body: &Raw{ID: 1 << 20, Data: make([]byte, MaxPDUSize-headerSize)}}
	frame, err := largest.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFrame(bytes.NewReader(frame)); err != nil || !bytes.Equal(got, frame) {
		t.Errorf("the largest PDU: %v", err)
	}
	if _, err := (PDU{Sequence: 1, Body: &Raw{ID: 1 << 20, Data: make([]byte, MaxPDUSize-headerSize+1)}}).Append(nil); err == nil {
		t.Error("a PDU over the limit was encoded")
	}
}

func TestFramesHoweverTheNetworkCutsThem(t *testing.T) {
	var stream []byte
	for _, g := range goldenPDUs {
		stream = append(stream, wire(t, g.wire)...)
	}
	r := iotest.OneByteReader(bytes.NewReader(stream))
	for _, g := range goldenPDUs {
		frame, err := ReadFrame(r)
		if err != nil || !bytes.Equal(frame, wire(t, g.wire)) {
			t.Fatalf("%s: %x, %v", g.name, frame, err)
		}
	}
	if _, err := ReadFrame(r); err != io.EOF {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
	if _, err := ReadFrame(bytes.NewReader(stream[:20])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("inside a PDU: %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestAppendRefuses(t *testing.T) {
	for name, body := range map[string]Body{
		"system_id of 16":      &Bind{Type: Receiver, SystemID: strings.Repeat("x", 16)},
		"password of 9":        &Bind{Type: Receiver, Password: "123456789"},
		"system_type of 13":    &Bind{Type: Receiver, SystemType: strings.Repeat("x", 13)},
		"address of 21":        &SubmitSM{Destination: Address{Addr: strings.Repeat("1", 21)}},
		"NUL in an address":    &SubmitSM{Destination: Address{Addr: "1\x002"}},
		"message_id of 65":     &SubmitSMResp{MessageID: strings.Repeat("1", 65)},
		"validity of 17":       &SubmitSM{ValidityPeriod: strings.Repeat("1", 17)},
		"short_message of 255": &SubmitSM{ShortMessage: make([]byte, 255)},
		"TLV of 65536":         &SubmitSM{TLVs: TLVs{{TagMessagePayload, make([]byte, 65536)}}},
	} {
		before := []byte("before")
		if got, err := (PDU{Body: body}).Append(before); err == nil || string(got) != "before" {
			t.Errorf("%s: encoded to %d octets, error %v", name, len(got), err)
		}
	}
}

func TestASecretPrintsAsStars(t *testing.T) {
	_, err := PDU{Body: &Bind{Type: Receiver, Password: "geheim-and-too-long"}}.Append(nil)
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("error %v", err)
	}
	text, _ := Secret("geheim").MarshalText()
	if got := Secret("geheim").String() + Secret("geheim").GoString() + string(text); got != "*********" {
		t.Errorf("got %q", got)
	}
}

// Law: what was encoded decodes to itself.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := PDU{
			Status:   Status(rapid.Uint32().Draw(t, "status")),
			Sequence: rapid.Uint32().Draw(t, "sequence"),
			Body:     drawBody(t),
		}
		frame, err := want.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(frame)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func drawBody(t *rapid.T) Body {
	text := func(label string, size int) string {
		return rapid.StringMatching(`[!-~]*`).Filter(func(s string) bool { return len(s) < size }).Draw(t, label)
	}
	address := func(label string, size int) Address {
		return Address{rapid.Uint8().Draw(t, "ton"), rapid.Uint8().Draw(t, "npi"), text(label, size)}
	}
	octets := func(label string, limit int) []byte {
		if b := rapid.SliceOfN(rapid.Byte(), 0, limit).Draw(t, label); len(b) > 0 {
			return b
		}
		return nil
	}
	var tlvs TLVs
	for range rapid.IntRange(0, 4).Draw(t, "tlvs") {
		tlvs = append(tlvs, TLV{Tag(rapid.Uint16().Draw(t, "tag")), octets("value", 300)})
	}
	sm := SubmitSM{
		ServiceType: text("service_type", 6), Source: address("source", 21), Destination: address("destination", 21),
		ESMClass: rapid.Uint8().Draw(t, "esm_class"), ProtocolID: rapid.Uint8().Draw(t, "protocol_id"), Priority: rapid.Uint8().Draw(t, "priority"),
		ScheduleDeliveryTime: text("schedule", 17), ValidityPeriod: text("validity", 17),
		RegisteredDelivery: rapid.Uint8().Draw(t, "registered"), ReplaceIfPresent: rapid.Uint8().Draw(t, "replace"),
		DataCoding: rapid.Uint8().Draw(t, "data_coding"), DefaultMsgID: rapid.Uint8().Draw(t, "default_msg"),
		ShortMessage: octets("short_message", 254), TLVs: tlvs,
	}
	deliver := DeliverSM(sm)
	bind := rapid.SampledFrom([]BindType{Receiver, Transmitter, Transceiver}).Draw(t, "bind")
	return rapid.SampledFrom([]Body{
		&Bind{Type: bind, SystemID: text("system_id", 16), Password: Secret(text("password", 9)), SystemType: text("system_type", 13),
			InterfaceVersion: rapid.Uint8().Draw(t, "version"), AddressRange: address("range", 41)},
		&BindResp{Type: bind, SystemID: text("system_id", 16), TLVs: tlvs},
		&sm, &deliver,
		&SubmitSMResp{MessageID: text("id", 65), TLVs: tlvs},
		&DeliverSMResp{MessageID: text("id", 65), TLVs: tlvs},
		&DataSM{ServiceType: sm.ServiceType, Source: address("long source", 65), Destination: sm.Destination, ESMClass: sm.ESMClass, TLVs: tlvs},
		&DataSMResp{MessageID: text("id", 65), TLVs: tlvs},
		&AlertNotification{Source: address("long source", 65), ESME: sm.Source, TLVs: tlvs},
		&EnquireLink{}, &EnquireLinkResp{}, &Unbind{}, &UnbindResp{}, &GenericNack{},
		&Raw{ID: 0x21, Data: sm.ShortMessage},
	}).Draw(t, "body")
}

// Law: nothing makes the decoder panic, and what it accepts within the limits survives another round.
func FuzzDecode(f *testing.F) {
	for _, g := range goldenPDUs {
		frame, err := g.pdu.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := ReadFrame(bytes.NewReader(data))
		if err != nil {
			return
		}
		pdu, err := Decode(frame)
		if err != nil {
			if _, raw := pdu.Body.(*Raw); !raw {
				t.Fatalf("a broken body came out as %T", pdu.Body)
			}
			return
		}
		again, err := pdu.Append(nil)
		if err != nil {
			return // a field longer than we would write it
		}
		second, err := Decode(again)
		if diff := cmp.Diff(pdu, second); diff != "" || err != nil {
			t.Fatalf("error %v, (-first +second):\n%s", err, diff)
		}
	})
}
