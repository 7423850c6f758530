package convapi

// ConsentSettings say how an app hears of opt-outs. They are this gateway's own:
// the contract has a switch in its dashboard.
type ConsentSettings struct {
	// Enabled nil is on. Off, neither keywords nor channels change the lists, and
	// the lists block nothing.
	Enabled *bool `json:"enabled,omitempty"`
	// Keywords are understood beside those that every app has, and before them.
	Keywords []ConsentKeywords `json:"keywords,omitempty"`
	// Ignore has words that every app understands and this one does not. STOP
	// cannot be among them.
	Ignore []string `json:"ignore,omitempty"`
}

// On reports whether consent management is on, which it is without settings.
func (s *ConsentSettings) On() bool { return s == nil || s.Enabled == nil || *s.Enabled }

// ConsentKeywords are an app's own words of one language. Each is compared with
// a whole message; case, accents, white space and punctuation do not count.
type ConsentKeywords struct {
	Language string   `json:"language"` // BCP 47, such as de or pt-BR
	OptOut   []string `json:"opt_out,omitempty"`
	OptIn    []string `json:"opt_in,omitempty"`
}

// The limits of an app's own words; the project's choice.
const (
	maxConsentLanguages = 50
	maxConsentWords     = 100 // of a language and direction, and to ignore
	maxConsentWord      = 60  // characters
	maxLanguageTag      = 35  // characters; RFC 5646 section 4.4.1
)

func (p *fieldProblems) consentSettings(s *ConsentSettings) {
	if s == nil {
		return
	}
	const path = "consent_settings"
	p.count(path+".keywords", len(s.Keywords), 0, maxConsentLanguages)
	for i, k := range s.Keywords {
		one := at(path+".keywords", i)
		p.required(one+".language", k.Language)
		p.maxLength(one+".language", k.Language, maxLanguageTag)
		p.consentWords(one+".opt_out", k.OptOut)
		p.consentWords(one+".opt_in", k.OptIn)
	}
	p.consentWords(path+".ignore", s.Ignore)
}

func (p *fieldProblems) consentWords(path string, words []string) {
	p.count(path, len(words), 0, maxConsentWords)
	for i, word := range words {
		p.maxLength(at(path, i), word, maxConsentWord)
	}
}

// OptRequest is the body of POST optins:register and optouts:register.
// The answer is the same object; what came of it is told by OPT_IN and OPT_OUT
// callbacks, one for each channel identity.
type OptRequest struct {
	AppID     string     `json:"app_id"`
	Channels  []Channel  `json:"channels"`
	Recipient *Recipient `json:"recipient"`
}

// Validate checks required members; it returns FieldErrors or nil.
func (r *OptRequest) Validate() error {
	var p fieldProblems
	p.required("app_id", r.AppID)
	if len(r.Channels) == 0 {
		p.add("channels", "is required")
	}
	p.channels("channels", r.Channels)
	p.recipient(r.Recipient)
	return p.err()
}
