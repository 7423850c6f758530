package smpp

// BindType says in which directions a session carries messages, seen from the ESME.
type BindType uint32

// The three kinds of bind; their values are those of the bind's command_id.
const (
	Receiver    = BindType(CmdBindReceiver)
	Transmitter = BindType(CmdBindTransmitter)
	Transceiver = BindType(CmdBindTransceiver)
)

// Sends reports whether the ESME may submit on such a session.
func (t BindType) Sends() bool { return t == Transmitter || t == Transceiver }

// Receives reports whether the centre may deliver on such a session.
func (t BindType) Receives() bool { return t == Receiver || t == Transceiver }

// String gives the kind in one word.
func (t BindType) String() string {
	switch t {
	case Receiver:
		return "receiver"
	case Transmitter:
		return "transmitter"
	case Transceiver:
		return "transceiver"
	}
	return "unbound"
}

// Secret is a password. It prints as three stars, whatever prints it.
type Secret string

func (Secret) String() string { return "***" }

// GoString is for %#v.
func (Secret) GoString() string { return "***" }

// MarshalText keeps the secret out of JSON and structured logs.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Version34 is interface_version of SMPP 3.4, the one that is spoken here.
const Version34 = 0x34

// Address is an address with its type of number and numbering plan (SMPP 3.4, 5.2.5 and 5.2.6).
type Address struct {
	TON, NPI uint8
	Addr     string
}

func (a *Address) fields(c codec, field string, size int) {
	c.octet(&a.TON)
	c.octet(&a.NPI)
	c.cstring(field, &a.Addr, size)
}

// Field sizes in octets, NUL included (SMPP 3.4, 4.1 to 4.12).
const (
	sizeSystemID     = 16
	sizePassword     = 9
	sizeSystemType   = 13
	sizeAddressRange = 41
	sizeServiceType  = 6
	sizeAddress      = 21
	sizeLongAddress  = 65
	sizeTime         = 17
	sizeMessageID    = 65
)

// Bind asks for a session: bind_receiver, bind_transmitter or bind_transceiver, by Type.
type Bind struct {
	Type             BindType
	SystemID         string // at most 15 octets
	Password         Secret // at most 8 octets
	SystemType       string // at most 12 octets
	InterfaceVersion uint8
	AddressRange     Address // at most 40 octets
}

// Command implements [Body].
func (b *Bind) Command() CommandID { return CommandID(b.Type) }

func (b *Bind) fields(c codec) {
	c.cstring("system_id", &b.SystemID, sizeSystemID)
	c.cstring("password", (*string)(&b.Password), sizePassword)
	c.cstring("system_type", &b.SystemType, sizeSystemType)
	c.octet(&b.InterfaceVersion)
	b.AddressRange.fields(c, "address_range", sizeAddressRange)
}

// BindResp answers a [Bind].
type BindResp struct {
	Type     BindType
	SystemID string
	TLVs     TLVs // sc_interface_version, from a centre that speaks 3.4
}

// Command implements [Body].
func (b *BindResp) Command() CommandID { return CommandID(b.Type) | responseBit }

func (b *BindResp) fields(c codec) {
	c.cstring("system_id", &b.SystemID, sizeSystemID)
	c.tlvs(&b.TLVs)
}

func (b *BindResp) empty() bool { return b.SystemID == "" && len(b.TLVs) == 0 }

// Bits of esm_class (SMPP 3.4, 5.2.12).
const (
	EsmUDHI            uint8 = 0x40 // short_message starts with a user data header
	EsmTypeMask        uint8 = 0x3C
	EsmReceipt         uint8 = 0x04 // deliver_sm: the centre's delivery receipt
	EsmIntermediate    uint8 = 0x20 // deliver_sm: intermediate notification
	RegisterAnyOutcome uint8 = 0x01 // registered_delivery: a receipt for success and failure
)

// SubmitSM hands a message to the centre.
type SubmitSM struct {
	ServiceType          string // at most 5 octets
	Source               Address
	Destination          Address
	ESMClass             uint8
	ProtocolID           uint8
	Priority             uint8  // 0 to 3
	ScheduleDeliveryTime string // empty or 16 octets
	ValidityPeriod       string // empty or 16 octets
	RegisteredDelivery   uint8
	ReplaceIfPresent     uint8
	DataCoding           uint8
	DefaultMsgID         uint8
	ShortMessage         []byte // at most 254 octets; sm_length is its length
	TLVs                 TLVs
}

// Command implements [Body].
func (*SubmitSM) Command() CommandID { return CmdSubmitSM }

func (m *SubmitSM) fields(c codec) {
	c.cstring("service_type", &m.ServiceType, sizeServiceType)
	m.Source.fields(c, "source_addr", sizeAddress)
	m.Destination.fields(c, "destination_addr", sizeAddress)
	c.octet(&m.ESMClass)
	c.octet(&m.ProtocolID)
	c.octet(&m.Priority)
	c.cstring("schedule_delivery_time", &m.ScheduleDeliveryTime, sizeTime)
	c.cstring("validity_period", &m.ValidityPeriod, sizeTime)
	c.octet(&m.RegisteredDelivery)
	c.octet(&m.ReplaceIfPresent)
	c.octet(&m.DataCoding)
	c.octet(&m.DefaultMsgID)
	c.shortMessage(&m.ShortMessage)
	c.tlvs(&m.TLVs)
}

// SubmitSMResp answers a [SubmitSM].
type SubmitSMResp struct {
	MessageID string // the centre's, at most 64 octets
	TLVs      TLVs
}

// Command implements [Body].
func (*SubmitSMResp) Command() CommandID { return CmdSubmitSMResp }

func (m *SubmitSMResp) fields(c codec) {
	c.cstring("message_id", &m.MessageID, sizeMessageID)
	c.tlvs(&m.TLVs)
}

func (m *SubmitSMResp) empty() bool { return m.MessageID == "" && len(m.TLVs) == 0 }

// DeliverSM hands a message or a receipt to the ESME. Its fields are those of [SubmitSM].
type DeliverSM SubmitSM

// Command implements [Body].
func (*DeliverSM) Command() CommandID { return CmdDeliverSM }

func (m *DeliverSM) fields(c codec) { (*SubmitSM)(m).fields(c) }

// Payload gives the message's octets, from wherever the centre has put them.
func (m *DeliverSM) Payload() []byte {
	if payload, ok := m.TLVs.Get(TagMessagePayload); ok && len(m.ShortMessage) == 0 {
		return payload
	}
	return m.ShortMessage
}

// DeliverSMResp answers a [DeliverSM].
type DeliverSMResp struct {
	MessageID string // unused: empty
	TLVs      TLVs
}

// Command implements [Body].
func (*DeliverSMResp) Command() CommandID { return CmdDeliverSMResp }

func (m *DeliverSMResp) fields(c codec) {
	c.cstring("message_id", &m.MessageID, sizeMessageID)
	c.tlvs(&m.TLVs)
}

// DataSM carries a message in either direction; its text is in [TagMessagePayload].
type DataSM struct {
	ServiceType        string
	Source             Address // at most 64 octets
	Destination        Address // at most 64 octets
	ESMClass           uint8
	RegisteredDelivery uint8
	DataCoding         uint8
	TLVs               TLVs
}

// Command implements [Body].
func (*DataSM) Command() CommandID { return CmdDataSM }

func (m *DataSM) fields(c codec) {
	c.cstring("service_type", &m.ServiceType, sizeServiceType)
	m.Source.fields(c, "source_addr", sizeLongAddress)
	m.Destination.fields(c, "destination_addr", sizeLongAddress)
	c.octet(&m.ESMClass)
	c.octet(&m.RegisteredDelivery)
	c.octet(&m.DataCoding)
	c.tlvs(&m.TLVs)
}

// asDeliver gives the same message as a deliver_sm, so that a handler sees one form only.
func (m *DataSM) asDeliver() *DeliverSM {
	return &DeliverSM{
		ServiceType: m.ServiceType, Source: m.Source, Destination: m.Destination, ESMClass: m.ESMClass,
		RegisteredDelivery: m.RegisteredDelivery, DataCoding: m.DataCoding, TLVs: m.TLVs,
	}
}

// DataSMResp answers a [DataSM].
type DataSMResp struct {
	MessageID string
	TLVs      TLVs
}

// Command implements [Body].
func (*DataSMResp) Command() CommandID { return CmdDataSMResp }

func (m *DataSMResp) fields(c codec) {
	c.cstring("message_id", &m.MessageID, sizeMessageID)
	c.tlvs(&m.TLVs)
}

func (m *DataSMResp) empty() bool { return m.MessageID == "" && len(m.TLVs) == 0 }

// AlertNotification says that a handset can be reached again. It has no answer.
type AlertNotification struct {
	Source Address // at most 64 octets
	ESME   Address // at most 64 octets
	TLVs   TLVs
}

// Command implements [Body].
func (*AlertNotification) Command() CommandID { return CmdAlertNotification }

func (m *AlertNotification) fields(c codec) {
	m.Source.fields(c, "source_addr", sizeLongAddress)
	m.ESME.fields(c, "esme_addr", sizeLongAddress)
	c.tlvs(&m.TLVs)
}

// The bodies that are nothing but a header. Octets after the header are ignored.
type (
	// EnquireLink asks whether the other end is alive.
	EnquireLink struct{}
	// EnquireLinkResp answers an [EnquireLink].
	EnquireLinkResp struct{}
	// Unbind ends a session.
	Unbind struct{}
	// UnbindResp answers an [Unbind].
	UnbindResp struct{}
	// GenericNack refuses a PDU that could not be understood.
	GenericNack struct{}
)

// Command implements [Body].
func (*EnquireLink) Command() CommandID { return CmdEnquireLink }

// Command implements [Body].
func (*EnquireLinkResp) Command() CommandID { return CmdEnquireLinkResp }

// Command implements [Body].
func (*Unbind) Command() CommandID { return CmdUnbind }

// Command implements [Body].
func (*UnbindResp) Command() CommandID { return CmdUnbindResp }

// Command implements [Body].
func (*GenericNack) Command() CommandID { return CmdGenericNack }

func (*EnquireLink) fields(codec)     {}
func (*EnquireLinkResp) fields(codec) {}
func (*Unbind) fields(codec)          {}
func (*UnbindResp) fields(codec)      {}
func (*GenericNack) fields(codec)     {}

// Raw is a body that was not understood: an unknown command, or a known one whose fields are broken.
type Raw struct {
	ID   CommandID
	Data []byte
}

// Command implements [Body].
func (r *Raw) Command() CommandID { return r.ID }

func (r *Raw) fields(c codec) { c.rest(&r.Data) }
