package smpp

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/linxGnu/gosmpp/data"
	gosmpp "github.com/linxGnu/gosmpp/pdu"
	"pgregory.net/rapid"
)

// Law: another implementation reads what we write, and writes the same octets for what it has read. (It keeps optional parameters in a map and drops
// empty ones, so each PDU here has at most one, with a value.)
func TestGosmppReadsWhatWeWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours := PDU{Sequence: uint32(rapid.Int32Min(1).Draw(t, "sequence")), Body: forGosmpp(drawBody(t), t)}
		frame, err := ours.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := gosmpp.Parse(bytes.NewReader(frame))
		if err != nil {
			t.Fatalf("gosmpp refuses %x: %v", frame, err)
		}
		compareWithGosmpp(t, ours, theirs)
		buffer := gosmpp.NewBuffer(nil)
		theirs.Marshal(buffer)
		if diff := cmp.Diff(frame, buffer.Bytes()); diff != "" {
			t.Fatalf("%s (-ours +gosmpp):\n%s", ours.Body.Command(), diff)
		}
	})
}

// forGosmpp keeps a body within what gosmpp can hold.
func forGosmpp(b Body, t *rapid.T) Body {
	one := func(tlvs TLVs) TLVs {
		for _, p := range tlvs {
			if len(p.Value) > 0 {
				return TLVs{p}
			}
		}
		return nil
	}
	coding := rapid.SampledFrom([]uint8{0, 1, 2, 3, 4, 6, 7, 8}).Draw(t, "coding that gosmpp knows")
	switch m := b.(type) {
	case *Raw:
		return &EnquireLink{}
	case *BindResp:
		m.TLVs = one(m.TLVs)
	case *SubmitSM:
		m.ESMClass &^= EsmUDHI
		m.DataCoding, m.TLVs = coding, one(m.TLVs)
	case *DeliverSM:
		m.ESMClass &^= EsmUDHI
		m.DataCoding, m.TLVs = coding, one(m.TLVs)
	case *DataSM:
		m.Source.Addr = m.Source.Addr[:min(20, len(m.Source.Addr))]
		m.TLVs = one(m.TLVs)
	case *AlertNotification:
		m.Source.Addr = m.Source.Addr[:min(20, len(m.Source.Addr))]
		m.TLVs = one(m.TLVs)
	case *SubmitSMResp:
		m.TLVs = one(m.TLVs)
	case *DeliverSMResp:
		m.TLVs = one(m.TLVs)
	case *DataSMResp:
		m.TLVs = one(m.TLVs)
	}
	return b
}

// compareWithGosmpp looks at the fields that carry meaning, under gosmpp's own names.
func compareWithGosmpp(t *rapid.T, ours PDU, theirs gosmpp.PDU) {
	if got := theirs.GetSequenceNumber(); got != int32(ours.Sequence) {
		t.Fatalf("sequence_number %d, want %d", got, ours.Sequence)
	}
	same := func(field string, want, got any) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-ours +gosmpp):\n%s", field, diff)
		}
	}
	switch m := ours.Body.(type) {
	case *Bind:
		g := theirs.(*gosmpp.BindRequest)
		same("system_id", m.SystemID, g.SystemID)
		same("password", string(m.Password), g.Password)
		same("interface_version", m.InterfaceVersion, g.InterfaceVersion)
	case *SubmitSM:
		g := theirs.(*gosmpp.SubmitSM)
		octets, err := g.Message.GetMessageData()
		if err != nil {
			t.Fatal(err)
		}
		same("destination", m.Destination, Address{g.DestAddr.Ton(), g.DestAddr.Npi(), g.DestAddr.Address()})
		same("validity_period", m.ValidityPeriod, g.ValidityPeriod)
		same("short_message", string(m.ShortMessage), string(octets))
	case *SubmitSMResp:
		same("message_id", m.MessageID, theirs.(*gosmpp.SubmitSMResp).MessageID)
	}
}

// The other way: what gosmpp writes, user data header included, we read and write again.
func TestWeReadWhatGosmppWrites(t *testing.T) {
	messages, err := gosmpp.NewLongMessageWithEncoding(string(bytes.Repeat([]byte("long text "), 40)), data.GSM7BIT)
	if err != nil || len(messages) != 3 {
		t.Fatalf("%d parts, %v", len(messages), err)
	}
	submit := gosmpp.NewSubmitSM().(*gosmpp.SubmitSM)
	source, err := gosmpp.NewAddressWithTonNpiAddr(5, 0, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	submit.SourceAddr, submit.Message, submit.EsmClass = source, *messages[1], EsmUDHI
	submit.RegisterOptionalParam(gosmpp.Field{Tag: gosmpp.TagUserMessageReference, Data: []byte{1, 2}})
	receipt := gosmpp.NewDeliverSM().(*gosmpp.DeliverSM)
	receipt.EsmClass = EsmReceipt
	receipt.RegisterOptionalParam(gosmpp.Field{Tag: gosmpp.TagReceiptedMessageID, Data: []byte("1a\x00")})
	bind := gosmpp.NewBindTransceiver().(*gosmpp.BindRequest)
	bind.SystemID, bind.Password = "gw", "secret"
	for _, theirs := range []gosmpp.PDU{
		bind, gosmpp.NewBindReceiver(), gosmpp.NewBindTransmitter(), submit, receipt, gosmpp.NewBindTransceiverResp(), gosmpp.NewSubmitSMResp(),
		gosmpp.NewDeliverSMResp(), gosmpp.NewDataSM(), gosmpp.NewDataSMResp(), gosmpp.NewAlertNotification(), gosmpp.NewEnquireLink(),
		gosmpp.NewEnquireLinkResp(), gosmpp.NewUnbind(), gosmpp.NewUnbindResp(), gosmpp.NewGenericNack(),
	} {
		buffer := gosmpp.NewBuffer(nil)
		theirs.Marshal(buffer)
		frame := bytes.Clone(buffer.Bytes())
		ours, err := Decode(frame)
		if err != nil {
			t.Errorf("%T: %v", theirs, err)
			continue
		}
		if _, unknown := ours.Body.(*Raw); unknown {
			t.Errorf("%T was not understood", theirs)
		}
		again, err := ours.Append(nil)
		if diff := cmp.Diff(frame, again); diff != "" || err != nil {
			t.Errorf("%T: %v (-gosmpp +ours):\n%s", theirs, err, diff)
		}
		if m, ok := ours.Body.(*SubmitSM); ok && (m.Source != Address{5, 0, "Acme"} || !bytes.HasPrefix(m.ShortMessage, []byte{5, 0, 3})) {
			t.Errorf("submit_sm: %+v", m)
		}
	}
}
