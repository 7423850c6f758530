package config

import (
	"errors"

	"switchyard/convapi"
)

// Demo are the settings of the demo. What a gateway has beyond them stays at
// its defaults.
type Demo struct {
	Listen      string         `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"API, token endpoint and providers' callbacks."`
	AdminListen string         `default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"/healthz, /readyz, /metrics and pprof."`
	BatchListen string         `default:"127.0.0.1:8082" placeholder:"HOST:PORT" help:"The Batch API."`
	InboxListen string         `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"The webhook inbox."`
	Store       string         `secret:"url" placeholder:"URL" help:"Where to keep everything: sqlite:PATH or postgres://…; nothing is kept if not given."`
	KeySecret   convapi.Secret `secret:"" placeholder:"SECRET" help:"Secret of the demo's access key; made anew at each start if not given."`
	LogLevel    string         `default:"warn" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error."`

	Providers
}

// Validate says what cannot work, naming the settings.
func (d *Demo) Validate() error {
	wrong := []error{d.Providers.Validate()}
	if d.Store != "" {
		wrong = append(wrong, CheckStore(d.Store))
	}
	wrong = append(wrong, checkAddresses([]address{
		{"listen", d.Listen}, {"admin-listen", d.AdminListen}, {"batch-listen", d.BatchListen}, {"inbox-listen", d.InboxListen},
		{"smsc-listen", d.SMSCListen}, {"smsc-control-listen", d.SMSCControlListen},
		{"graph-listen", d.GraphListen}, {"botapi-listen", d.BotAPIListen},
	}))
	return errors.Join(wrong...)
}
