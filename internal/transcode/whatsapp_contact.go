package transcode

import (
	"strings"

	"switchyard/convapi"
)

// whatsappCard is a contact. Meta's description of v23 has no title in org.
type whatsappCard struct {
	Name      whatsappName      `json:"name"`
	Phones    []whatsappPhone   `json:"phones,omitempty"`
	Emails    []whatsappEmail   `json:"emails,omitempty"`
	Addresses []whatsappAddress `json:"addresses,omitempty"`
	Org       *whatsappOrg      `json:"org,omitempty"`
	URLs      []whatsappURL     `json:"urls,omitempty"`
	Birthday  string            `json:"birthday,omitempty"`
}

type whatsappName struct {
	Formatted string `json:"formatted_name"`
	First     string `json:"first_name,omitempty"`
	Last      string `json:"last_name,omitempty"`
	Middle    string `json:"middle_name,omitempty"`
	Prefix    string `json:"prefix,omitempty"`
	Suffix    string `json:"suffix,omitempty"`
}

type whatsappPhone struct {
	Phone string `json:"phone"`
	Type  string `json:"type,omitempty"`
}

type whatsappEmail struct {
	Email string `json:"email"`
	Type  string `json:"type,omitempty"`
}

type whatsappAddress struct {
	City        string `json:"city,omitempty"`
	Country     string `json:"country,omitempty"`
	CountryCode string `json:"country_code,omitempty"`
	State       string `json:"state,omitempty"`
	Zip         string `json:"zip,omitempty"`
	Type        string `json:"type,omitempty"`
}

type whatsappOrg struct {
	Company    string `json:"company,omitempty"`
	Department string `json:"department,omitempty"`
}

type whatsappURL struct {
	URL  string `json:"url"`
	Type string `json:"type,omitempty"`
}

func whatsappContact(d *draft, m *convapi.ContactInfoMessage) {
	card := whatsappCard{Birthday: m.Birthday}
	if n := m.Name; n != nil {
		card.Name = whatsappName{
			Formatted: n.FullName, First: n.FirstName, Last: n.LastName, Middle: n.MiddleName, Prefix: n.Prefix, Suffix: n.Suffix,
		}
		if n.FirstName+n.LastName+n.MiddleName+n.Prefix+n.Suffix == "" {
			card.Name.First = n.FullName // one of them is required beside the whole
		}
	}
	for _, p := range m.PhoneNumbers {
		card.Phones = append(card.Phones, whatsappPhone{p.PhoneNumber, whatsappPlaceType(p.Type)})
	}
	for _, e := range m.EmailAddresses {
		card.Emails = append(card.Emails, whatsappEmail{e.EmailAddress, whatsappPlaceType(e.Type)})
	}
	for _, a := range m.Addresses {
		card.Addresses = append(card.Addresses, whatsappAddress{a.City, a.Country, a.CountryCode, a.State, a.Zip, whatsappPlaceType(a.Type)})
	}
	if o := m.Organization; o != nil && o.Company+o.Department != "" {
		card.Org = &whatsappOrg{o.Company, o.Department}
	}
	for _, u := range m.URLs {
		card.URLs = append(card.URLs, whatsappURL{u.URL, whatsappPlaceType(u.Type)})
	}
	d.add(whatsappMessage{Type: "contacts", Contacts: []whatsappCard{card}}.addressed())
}

// whatsappPlaceType is where a number or an address belongs, in the words that
// Meta has; the contract has none.
func whatsappPlaceType(t string) string {
	if upper := strings.ToUpper(t); upper == "HOME" || upper == "WORK" {
		return upper
	}
	return ""
}
