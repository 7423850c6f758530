package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"switchyard/convapi"
)

// Providers are the settings of the simulated providers. Their credentials are
// secrets by form only: they open nothing but the simulation, and are shown.
type Providers struct {
	SMSCListen        string `name:"smsc-listen" group:"smsc" default:"127.0.0.1:2775" placeholder:"HOST:PORT" help:"SMPP."`
	SMSCControlListen string `name:"smsc-control-listen" group:"smsc" default:"127.0.0.1:2776" placeholder:"HOST:PORT" help:"Its control over HTTP."`
	SMSCSystemID      string `name:"smsc-system-id" group:"smsc" default:"simulated" placeholder:"ID" help:"Who may bind."`
	SMSCPassword      string `name:"smsc-password" group:"smsc" default:"secret" placeholder:"SECRET" help:"With which password."`

	GraphListen        string `name:"graph-listen" group:"graph" default:"127.0.0.1:2777" placeholder:"HOST:PORT" help:"The API and its control."`
	GraphPhoneNumberID string `name:"graph-phone-number-id" group:"graph" default:"100000000000001" placeholder:"ID" help:"Phone number id: digits."`
	GraphAccessToken   string `name:"graph-access-token" group:"graph" default:"simulated-access-token" placeholder:"TOKEN" help:"Access token."`
	GraphAppSecret     string `name:"graph-app-secret" group:"graph" default:"simulated-app-secret" placeholder:"SECRET" help:"Signs the webhooks."`

	BotAPIListen string `name:"botapi-listen" group:"botapi" default:"127.0.0.1:2778" placeholder:"HOST:PORT" help:"The API and its control."`
	BotAPIToken  string `name:"botapi-token" group:"botapi" default:"1000001:simulated-bot-token" placeholder:"TOKEN" help:"The bot's token."`

	ReportAfter time.Duration `default:"200ms" placeholder:"TIME" help:"Time from the accept of a message to its first report, and to each further one."`
}

// Validate says what cannot work, naming the settings.
func (p *Providers) Validate() error {
	wrong := []error{
		checkAddresses([]address{
			{"smsc-listen", p.SMSCListen}, {"smsc-control-listen", p.SMSCControlListen}, {"graph-listen", p.GraphListen}, {"botapi-listen", p.BotAPIListen},
		}),
		p.checkCredentials(),
	}
	if p.ReportAfter <= 0 {
		wrong = append(wrong, fmt.Errorf("--report-after %s: want more than 0", p.ReportAfter))
	}
	return errors.Join(wrong...)
}

// The longest values that fit into SMPP 3.4's fields, in characters.
const (
	maxSystemID = 15
	maxPassword = 8
)

func (p *Providers) checkCredentials() error {
	var wrong []error
	for _, setting := range []struct {
		name, value string
		longest     int
	}{
		{"smsc-system-id", p.SMSCSystemID, maxSystemID}, {"smsc-password", p.SMSCPassword, maxPassword},
		{"graph-phone-number-id", p.GraphPhoneNumberID, 256}, {"graph-access-token", p.GraphAccessToken, 256}, {"botapi-token", p.BotAPIToken, 256},
	} {
		if setting.value == "" || len(setting.value) > setting.longest || strings.ContainsAny(setting.value, " \t\r\n") {
			wrong = append(wrong, fmt.Errorf("--%s: want 1 to %d characters without spaces", setting.name, setting.longest))
		}
	}
	return errors.Join(wrong...)
}

// Simulate are the settings of the simulated providers on their own.
type Simulate struct {
	Providers
	GraphCallbackURL string `name:"graph-callback-url" group:"graph" placeholder:"URL" help:"Where webhooks go: http://GATEWAY/channels/APP-ID/WHATSAPP. Without it there are no reports."`
}

// Validate says what cannot work, naming the settings.
func (s *Simulate) Validate() error {
	return errors.Join(s.Providers.Validate(), checkURL("graph-callback-url", s.GraphCallbackURL))
}

// Listen are the settings of the webhook inbox.
type Listen struct {
	Listen string         `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where callbacks are taken, whatever the path."`
	Secret convapi.Secret `placeholder:"SECRET" help:"The webhook's secret, to check signatures with; nothing is checked if not given."`
	Answer int            `default:"200" placeholder:"STATUS" help:"HTTP status to answer: 503, say, to see retries."`
	Slow   time.Duration  `placeholder:"TIME" help:"Time to wait before the answer."`
	JSON   bool           `name:"json" xor:"form" help:"Print bodies only, one a line, as they came."`
	Pretty bool           `xor:"form" help:"Print each body, indented, below its line."`
}

// Validate says what cannot work, naming the settings.
func (l *Listen) Validate() error {
	wrong := []error{checkAddresses([]address{{"listen", l.Listen}})}
	if l.Answer < 200 || l.Answer > 599 {
		wrong = append(wrong, fmt.Errorf("--answer %d: want an HTTP status from 200 to 599", l.Answer))
	}
	if l.Slow < 0 {
		wrong = append(wrong, fmt.Errorf("--slow %s: want 0 or more", l.Slow))
	}
	return errors.Join(wrong...)
}
