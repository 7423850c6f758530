package convapi

import (
	"slices"
	"strings"
)

// Language is a contact's language, one of the codes of Languages.
type Language string

// The languages that this code itself names; the rest are in Languages.
const (
	LanguageUnspecified Language = "UNSPECIFIED" // of contacts that were made from a message
	LanguageEnUS        Language = "EN_US"
)

// languageCodes are the contract's codes.
const languageCodes = `UNSPECIFIED
AF SQ AR AZ BN BG CA ZH ZH_CN ZH_HK ZH_TW HR CS DA NL EN EN_GB EN_US ET FIL FI FR DE EL GU
HA HE HI HU ID GA IT JA KN KK KO LO LV LT MK MS ML MR NB FA PL PT PT_BR PT_PT PA RO RU SR
SK SL ES ES_AR ES_ES ES_MX SW SV TA TE TH TR UK UR UZ VI ZU`

// Languages lists every known language code.
func Languages() []Language {
	codes := strings.Fields(languageCodes)
	out := make([]Language, len(codes))
	for i, code := range codes {
		out[i] = Language(code)
	}
	return out
}

// Known reports whether l is a language of the contract.
func (l Language) Known() bool {
	return slices.Contains(strings.Fields(languageCodes), string(l))
}
