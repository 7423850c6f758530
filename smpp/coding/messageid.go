package coding

import (
	"fmt"
	"math/big"
	"strings"
)

// IDForm says how a centre writes the same message id in a submit's answer and in a receipt.
type IDForm uint8

// The forms that are seen.
const (
	IDAsIs          IDForm = iota
	IDRespHexDlrDec        // hexadecimal in the answer, decimal in the receipt
	IDRespDecDlrHex        // the other way round
)

var idFormNames = []string{"as_is", "resp_hex_dlr_dec", "resp_dec_dlr_hex"}

// ParseIDForm reads a setting; empty means [IDAsIs].
func ParseIDForm(name string) (IDForm, error) {
	if name == "" {
		return IDAsIs, nil
	}
	for i, n := range idFormNames {
		if n == name {
			return IDForm(i), nil
		}
	}
	return 0, fmt.Errorf("message id form %q is none of %v", name, idFormNames)
}

// String gives the name that [ParseIDForm] reads.
func (f IDForm) String() string { return idFormNames[f] }

// FromAnswer gives the id of a submit_sm_resp in the form in which [IDForm.FromReceipt] gives it too.
func (f IDForm) FromAnswer(id string) string { return fold(id, f == IDRespHexDlrDec) }

// FromReceipt gives the id of a receipt in the form in which [IDForm.FromAnswer] gives it too.
func (f IDForm) FromReceipt(id string) string { return fold(id, f == IDRespDecDlrHex) }

// fold makes ids comparable: no blanks, no leading zeros, lower case; a hexadecimal one becomes decimal.
func fold(id string, hex bool) string {
	id = strings.ToLower(strings.TrimSpace(id))
	if hex {
		digits := strings.TrimPrefix(id, "0x")
		if n, ok := new(big.Int).SetString(digits, 16); ok && len(digits) <= 64 {
			return n.String()
		}
	}
	if trimmed := strings.TrimLeft(id, "0"); trimmed != "" || id == "" {
		return trimmed
	}
	return "0"
}
