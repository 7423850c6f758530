package smpp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	headerSize = 16
	// MaxPDUSize is the largest command_length that is read or written, in octets. The specification sets no limit; the largest useful PDU is a
	// message_payload of 64 KiB, and centres refuse far smaller ones.
	MaxPDUSize = 64 << 10
	// maxSequence is the last sequence_number; 1 follows it (SMPP 3.4, 3.2).
	maxSequence = math.MaxInt32
)

// PDU is one protocol data unit: what the header says, and the body that its command_id announces.
type PDU struct {
	Status   Status
	Sequence uint32
	Body     Body
}

// Body is the part of a PDU after the header: one of the pointer types of this package ([*SubmitSM], [*EnquireLink], …), or [*Raw].
type Body interface {
	Command() CommandID
	fields(c codec)
}

// bareOnFailure marks bodies that the specification leaves out of a failing answer, when there is nothing in them.
type bareOnFailure interface{ empty() bool }

// Append encodes the PDU behind b. It fails with an [*EncodeError] when a field breaks the specification's limits or the whole exceeds [MaxPDUSize]; b is
// then returned unchanged.
func (p PDU) Append(b []byte) ([]byte, error) {
	command := p.Body.Command()
	w := writer{buf: binary.BigEndian.AppendUint32(b, 0)}
	w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(command))
	w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(p.Status))
	w.buf = binary.BigEndian.AppendUint32(w.buf, p.Sequence)
	if body, ok := p.Body.(bareOnFailure); !ok || p.Status == StatusOK || !body.empty() {
		p.Body.fields(&w)
	}
	size := len(w.buf) - len(b)
	if size > MaxPDUSize {
		w.fail("the PDU has %d octets, the limit is %d", size, MaxPDUSize)
	}
	if w.reason != "" {
		return b, &EncodeError{Command: command, Reason: w.reason}
	}
	binary.BigEndian.PutUint32(w.buf[len(b):], uint32(size))
	return w.buf, nil
}

// EncodeError says why a PDU cannot be written: a field breaks the specification's limits. Trying again does not help.
type EncodeError struct {
	Command CommandID
	Reason  string
}

func (e *EncodeError) Error() string { return fmt.Sprintf("encode %s: %s", e.Command, e.Reason) }

// DecodeError says why a PDU could not be read. The header was intact, so the PDU can be answered with Status.
type DecodeError struct {
	Command CommandID
	Status  Status
	Reason  string
}

func (e *DecodeError) Error() string { return fmt.Sprintf("decode %s: %s", e.Command, e.Reason) }

// ErrFrame is returned for a command_length below 16, above [MaxPDUSize], or different from the frame's. The stream is out of step and cannot be read on.
var ErrFrame = errors.New("command_length out of bounds")

// Decode reads one whole PDU. Octet fields alias frame. An answer without a body is legal and gives an empty one. On a [*DecodeError] the returned PDU
// still has the header's values and a [*Raw] body.
func Decode(frame []byte) (PDU, error) {
	if len(frame) < headerSize || len(frame) > MaxPDUSize || binary.BigEndian.Uint32(frame) != uint32(len(frame)) {
		return PDU{}, ErrFrame
	}
	command := CommandID(binary.BigEndian.Uint32(frame[4:]))
	p := PDU{
		Status:   Status(binary.BigEndian.Uint32(frame[8:])),
		Sequence: binary.BigEndian.Uint32(frame[12:]),
		Body:     newBody(command),
	}
	if len(frame) == headerSize && command.IsResponse() {
		return p, nil
	}
	r := reader{buf: frame[headerSize:]}
	p.Body.fields(&r)
	if r.status != StatusOK {
		p.Body = &Raw{ID: command, Data: frame[headerSize:]}
		return p, &DecodeError{Command: command, Status: r.status, Reason: r.reason}
	}
	return p, nil
}

// ReadFrame reads the octets of one PDU, however the network has cut them up. It returns [ErrFrame] for a length that cannot be, io.EOF at the end
// between two PDUs, and io.ErrUnexpectedEOF inside one.
func ReadFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < headerSize || n > MaxPDUSize {
		return nil, ErrFrame
	}
	frame := make([]byte, n)
	copy(frame, length[:])
	if _, err := io.ReadFull(r, frame[4:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return frame, nil
}

func newBody(command CommandID) Body {
	switch command {
	case CmdBindReceiver, CmdBindTransmitter, CmdBindTransceiver:
		return &Bind{Type: BindType(command)}
	case CmdBindReceiverResp, CmdBindTransmitterResp, CmdBindTransceiverResp:
		return &BindResp{Type: BindType(command &^ responseBit)}
	case CmdSubmitSM:
		return &SubmitSM{}
	case CmdSubmitSMResp:
		return &SubmitSMResp{}
	case CmdDeliverSM:
		return &DeliverSM{}
	case CmdDeliverSMResp:
		return &DeliverSMResp{}
	case CmdDataSM:
		return &DataSM{}
	case CmdDataSMResp:
		return &DataSMResp{}
	case CmdEnquireLink:
		return &EnquireLink{}
	case CmdEnquireLinkResp:
		return &EnquireLinkResp{}
	case CmdUnbind:
		return &Unbind{}
	case CmdUnbindResp:
		return &UnbindResp{}
	case CmdGenericNack:
		return &GenericNack{}
	case CmdAlertNotification:
		return &AlertNotification{}
	}
	return &Raw{ID: command}
}

// answerTo gives the empty body that answers a request: generic_nack for what we do not know.
func answerTo(request Body) Body {
	if _, unknown := request.(*Raw); unknown {
		return &GenericNack{}
	}
	return newBody(request.Command() | responseBit)
}
