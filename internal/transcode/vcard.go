package transcode

import (
	"strings"

	"switchyard/convapi"
)

// vCard writes a contact as RFC 2426, version 3.0, which phones read best.
func vCard(m *convapi.ContactInfoMessage) string {
	var out strings.Builder
	line := func(name string, values ...string) {
		for i, value := range values {
			values[i] = vCardText.Replace(value)
		}
		if strings.Trim(strings.Join(values, ""), " ") != "" {
			out.WriteString(name + ":" + strings.Join(values, ";") + "\r\n")
		}
	}
	out.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\n")
	if n := m.Name; n != nil {
		line("N", n.LastName, n.FirstName, n.MiddleName, n.Prefix, n.Suffix)
		line("FN", n.FullName)
	}
	for _, p := range m.PhoneNumbers {
		line("TEL"+vCardType(p.Type), p.PhoneNumber)
	}
	for _, e := range m.EmailAddresses {
		line("EMAIL"+vCardType(e.Type), e.EmailAddress)
	}
	for _, a := range m.Addresses {
		line("ADR"+vCardType(a.Type), "", "", "", a.City, a.State, a.Zip, a.Country)
	}
	if o := m.Organization; o != nil {
		line("ORG", o.Company, o.Department)
		line("TITLE", o.Title)
	}
	for _, u := range m.URLs {
		line("URL"+vCardType(u.Type), u.URL)
	}
	line("BDAY", m.Birthday)
	out.WriteString("END:VCARD\r\n")
	return out.String()
}

var vCardText = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`)

// vCardType is a TYPE parameter for what is a plain word.
func vCardType(t string) string {
	if t == "" || strings.Trim(strings.ToLower(t), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return ""
	}
	return ";TYPE=" + strings.ToUpper(t)
}
