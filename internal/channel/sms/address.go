package sms

import (
	"strings"

	"switchyard/internal/channel"
	"switchyard/smpp"
)

// Types of number and numbering plans (SMPP 3.4, 5.2.5 and 5.2.6).
const (
	tonUnknown       = 0
	tonInternational = 1
	tonShortCode     = 3 // "network specific"
	tonAlphanumeric  = 5
	npiUnknown       = 0
	npiE164          = 1
)

const (
	maxAddress   = 20 // characters of an address on the wire (5.2.8)
	maxShortCode = 6  // digits; longer numbers are taken for international ones
)

// source is the sender: the message's own, else the account's. The account's type of number holds for its own address only.
func (a *adapter) source(m channel.Outbound) smpp.Address {
	if sender := m.Properties[propertySender]; sender != "" {
		return address(sender)
	}
	from := address(a.credentials.SourceAddress)
	if ton := a.credentials.SourceTON; ton != nil {
		from.TON = uint8(*ton)
	}
	if npi := a.credentials.SourceNPI; npi != nil {
		from.NPI = uint8(*npi)
	}
	return from
}

// address derives the type of number from the look of a sender.
func address(s string) smpp.Address {
	digits := strings.TrimPrefix(s, "+")
	switch {
	case s == "":
		return smpp.Address{TON: tonUnknown, NPI: npiUnknown}
	case strings.Trim(digits, "0123456789") != "":
		return smpp.Address{TON: tonAlphanumeric, NPI: npiUnknown, Addr: s}
	case len(digits) <= maxShortCode && digits == s:
		return smpp.Address{TON: tonShortCode, NPI: npiUnknown, Addr: digits}
	}
	return smpp.Address{TON: tonInternational, NPI: npiE164, Addr: digits}
}
