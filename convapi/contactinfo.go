package convapi

// ContactInfoMessage is a business card.
type ContactInfoMessage struct {
	Name           *ContactName         `json:"name"`
	PhoneNumbers   []ContactPhone       `json:"phone_numbers"`
	Addresses      []ContactAddress     `json:"addresses,omitempty"`
	EmailAddresses []ContactEmail       `json:"email_addresses,omitempty"`
	Organization   *ContactOrganization `json:"organization,omitempty"`
	URLs           []ContactURL         `json:"urls,omitempty"`
	Birthday       string               `json:"birthday,omitempty"` // YYYY-MM-DD
}

// ContactName is the name on a business card.
type ContactName struct {
	FullName   string `json:"full_name"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	MiddleName string `json:"middle_name,omitempty"`
	Prefix     string `json:"prefix,omitempty"`
	Suffix     string `json:"suffix,omitempty"`
}

// ContactPhone is a phone number on a business card.
type ContactPhone struct {
	PhoneNumber string `json:"phone_number"`
	Type        string `json:"type,omitempty"`
}

// ContactAddress is a postal address on a business card.
type ContactAddress struct {
	City        string `json:"city,omitempty"`
	Country     string `json:"country,omitempty"`
	State       string `json:"state,omitempty"`
	Zip         string `json:"zip,omitempty"`
	Type        string `json:"type,omitempty"`
	CountryCode string `json:"country_code,omitempty"`
}

// ContactEmail is a mail address on a business card.
type ContactEmail struct {
	EmailAddress string `json:"email_address"`
	Type         string `json:"type,omitempty"`
}

// ContactOrganization is the employer on a business card.
type ContactOrganization struct {
	Company    string `json:"company,omitempty"`
	Department string `json:"department,omitempty"`
	Title      string `json:"title,omitempty"`
}

// ContactURL is a page on a business card.
type ContactURL struct {
	URL  string `json:"url"`
	Type string `json:"type,omitempty"`
}
