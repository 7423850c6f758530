package smpp_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// capture writes PDUs as a pcap file: one TCP segment each, from us to port 2775, in raw IPv4 (link type 101).
func capture(t *testing.T, pdus []smpp.PDU) string {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	file := le.AppendUint32(nil, 0xa1b2c3d4)
	file = le.AppendUint16(le.AppendUint16(file, 2), 4) // version
	for _, word := range []uint32{0, 0, 1 << 16, 101} { // zone, accuracy, snap length, link type
		file = le.AppendUint32(file, word)
	}
	seq := uint32(1)
	for i, pdu := range pdus {
		frame, err := pdu.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		tcp := be.AppendUint16(be.AppendUint16(nil, 40000), 2775)
		tcp = be.AppendUint32(be.AppendUint32(tcp, seq), 1)
		tcp = append(tcp, 5<<4, 0x18, 0xff, 0xff, 0, 0, 0, 0) // header of 5 words, PSH ACK, window, no checksum
		ip := []byte{0x45, 0}
		ip = be.AppendUint16(ip, uint16(20+len(tcp)+len(frame)))
		ip = append(ip, 0, byte(i), 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2)
		size := uint32(len(ip) + len(tcp) + len(frame))
		for _, word := range []uint32{uint32(i), 0, size, size} { // seconds, microseconds, captured, original
			file = le.AppendUint32(file, word)
		}
		file = append(append(append(file, ip...), tcp...), frame...)
		seq += uint32(len(frame))
	}
	path := filepath.Join(t.TempDir(), "smpp.pcap")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dissect gives the fields of each PDU as tshark reads them.
func dissect(t *testing.T, path string, fields ...string) [][]string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: apt-get install tshark")
	}
	args := []string{"-r", path, "-d", "tcp.port==2775,smpp", "-o", "tcp.desegment_tcp_streams:true", "-T", "fields", "-E", "separator=;", "-E", "occurrence=f"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	out, err := exec.CommandContext(t.Context(), tshark, args...).Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), ";"))
	}
	return rows
}

// An outside dissector reads our PDUs, finds nothing malformed, and sees the values that we meant.
func TestTsharkReadsOurPDUs(t *testing.T) {
	udh := partOf(t, coding.UDH8)
	sar := partOf(t, coding.SAR)
	payload := partOf(t, coding.Payload)
	receipt := &smpp.DeliverSM{
		Source: smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"}, ESMClass: smpp.EsmReceipt, ShortMessage: []byte("id:1a stat:DELIVRD"),
		TLVs: smpp.TLVs{smpp.CStringTLV(smpp.TagReceiptedMessageID, "1a"), smpp.Uint8TLV(smpp.TagMessageState, 2), {Tag: smpp.TagNetworkErrorCode, Value: []byte{3, 0, 27}}},
	}
	pdus := []smpp.PDU{
		{Sequence: 1, Body: &smpp.Bind{Type: smpp.Transceiver, SystemID: "gw", Password: "secret", InterfaceVersion: smpp.Version34}},
		{Sequence: 1, Body: &smpp.BindResp{Type: smpp.Transceiver, SystemID: "mc", TLVs: smpp.TLVs{smpp.Uint8TLV(smpp.TagSCInterfaceVersion, 0x34)}}},
		{Sequence: 2, Body: udh},
		{Sequence: 3, Body: sar},
		{Sequence: 4, Body: payload},
		{Sequence: 2, Body: &smpp.SubmitSMResp{MessageID: "1a"}},
		{Status: smpp.StatusThrottled, Sequence: 3, Body: &smpp.SubmitSMResp{}},
		{Sequence: 9, Body: receipt},
		{Sequence: 9, Body: &smpp.DeliverSMResp{}},
		{Sequence: 10, Body: &smpp.DataSM{TLVs: smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: []byte("hi")}}}},
		{Sequence: 10, Body: &smpp.DataSMResp{MessageID: "x"}},
		{Sequence: 11, Body: &smpp.EnquireLink{}},
		{Sequence: 11, Body: &smpp.EnquireLinkResp{}},
		{Sequence: 12, Body: &smpp.AlertNotification{Source: smpp.Address{Addr: "46"}}},
		{Status: smpp.StatusInvCmdID, Sequence: 13, Body: &smpp.GenericNack{}},
		{Sequence: 14, Body: &smpp.Unbind{}},
		{Sequence: 14, Body: &smpp.UnbindResp{}},
	}
	path := capture(t, pdus)
	rows := dissect(t, path, "smpp.command_id", "smpp.command_status", "smpp.sequence_number", "smpp.command_length", "_ws.malformed")
	if len(rows) != len(pdus) {
		t.Fatalf("tshark saw %d packets, want %d", len(rows), len(pdus))
	}
	for i, pdu := range pdus {
		frame, _ := pdu.Append(nil)
		status := "" // shown for answers only
		if pdu.Body.Command().IsResponse() {
			status = hex32(uint32(pdu.Status))
		}
		want := []string{hex32(uint32(pdu.Body.Command())), status, decimal(pdu.Sequence), decimal(uint32(len(frame))), ""}
		if diff := cmp.Diff(want, rows[i]); diff != "" {
			t.Errorf("packet %d, %s (-want +tshark):\n%s", i+1, pdu.Body.Command(), diff)
		}
	}
	details := dissect(t, path, "smpp.destination_addr", "smpp.esm.submit.features", "smpp.data_coding", "smpp.validity_period_r", "smpp.sar_msg_ref_num",
		"smpp.sar_total_segments", "smpp.sar_segment_seqnum", "smpp.message_payload", "smpp.receipted_message_id", "smpp.message_state")
	for i, want := range map[int][]string{
		2: {"46701112233", "0x01", "0x00", "86400.000000000", "", "", "", "", "", ""},
		3: {"46701112233", "0x00", "0x00", "0.000000000", "4660", "2", "2", "", "", ""},
		7: {"", "0x00", "0x00", "0.000000000", "", "", "", "", "1a", "2"},
	} {
		if diff := cmp.Diff(want, details[i]); diff != "" {
			t.Errorf("packet %d (-want +tshark):\n%s", i+1, diff)
		}
	}
	concat := dissect(t, path, "gsm_sms.udh.mm.msg_id", "gsm_sms.udh.mm.msg_parts", "gsm_sms.udh.mm.msg_part")
	if diff := cmp.Diff([]string{"52", "2", "2"}, concat[2]); diff != "" {
		t.Errorf("user data header (-want +tshark):\n%s", diff)
	}
}

// partOf is the last submit_sm of a text that needs two parts.
func partOf(t *testing.T, method coding.Method) *smpp.SubmitSM {
	t.Helper()
	parts, err := coding.Segment(strings.Repeat("0123456789", 17), coding.Options{Method: method, Ref: 0x1234})
	if err != nil {
		t.Fatal(err)
	}
	sm := &smpp.SubmitSM{
		Source: smpp.Address{TON: 5, Addr: "Acme"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "46701112233"}, RegisteredDelivery: smpp.RegisterAnyOutcome,
	}
	if method == coding.UDH8 {
		sm.ValidityPeriod = "000001000000000R"
	}
	parts[len(parts)-1].Apply(sm)
	return sm
}

func hex32(v uint32) string   { return fmt.Sprintf("0x%08x", v) }
func decimal(v uint32) string { return fmt.Sprint(v) }
