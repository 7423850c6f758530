// Package config holds the settings of a process. Apps, channels and webhooks
// are no settings: they are data in the store.
//
// Each setting is a flag, an environment variable (--webhook-timeout is
// SWITCHYARD_WEBHOOK_TIMEOUT) and a member of the file given with --config
// (webhook-timeout). It must not know how a command line is read; the tags are
// for package main's parser.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Serve are the settings of the gateway.
type Serve struct {
	Listen       string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"API, token endpoint and providers' callbacks."`
	AdminListen  string `default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"/healthz, /readyz, /metrics and pprof. Keep it private."`
	BatchListen  string `placeholder:"HOST:PORT" help:"The Batch API, whose paths are others' on --listen; not served if not given."`
	Store        string `default:"sqlite:switchyard.db" secret:"url" placeholder:"URL" help:"Where everything is kept: sqlite:PATH or postgres://…"`
	MinFreeSpace Size   `default:"64MiB" placeholder:"SIZE" help:"Refuse new messages when less is free on the disk of a SQLite store; 0 never."`
	PublicURL    string `placeholder:"URL" help:"Where providers reach this gateway; http://<listen> if not given."`

	AdminPassword       string `secret:"" placeholder:"SECRET" help:"Password of the dashboard, which is not built yet."`
	AllowPrivateTargets bool   `help:"Let webhooks, media and provider URLs lead to loopback and private addresses."`

	Lease time.Duration `default:"10s" placeholder:"TIME" help:"How long a node on PostgreSQL may be silent before the others take its work over."`

	ProjectID string `group:"project" placeholder:"ID" help:"Its id."`
	KeyID     string `group:"project" placeholder:"ID" help:"Id of its access key."`
	KeySecret string `group:"project" secret:"" placeholder:"SECRET" help:"Secret of its access key."`

	WebhookRetryFirst  time.Duration `group:"callbacks" default:"5s" placeholder:"TIME" help:"Time to the second attempt; it doubles from then on."`
	WebhookRetryCap    time.Duration `group:"callbacks" default:"1h" placeholder:"TIME" help:"Longest time between two attempts."`
	WebhookRetryWindow time.Duration `group:"callbacks" default:"24h" placeholder:"TIME" help:"Age at which a callback is given up."`
	WebhookTimeout     time.Duration `group:"callbacks" default:"10s" placeholder:"TIME" help:"Longest time of one attempt."`

	BreakerFailures int           `group:"callbacks" default:"10" placeholder:"N" help:"Consecutive failures after which a webhook is left alone."`
	BreakerOpen     time.Duration `group:"callbacks" default:"30s" placeholder:"TIME" help:"Time until it is tried again; it doubles with each failure."`
	BreakerOpenCap  time.Duration `group:"callbacks" default:"10m" placeholder:"TIME" help:"Longest such time."`

	RetentionInterval time.Duration `group:"retention" default:"1h" placeholder:"TIME" help:"Time between two searches for what is older than its app keeps it."`
	CallbackRetention time.Duration `group:"retention" default:"72h" placeholder:"TIME" help:"How long callbacks are kept; longer if a webhook has still to get them."`

	AppInboundRate     int `group:"rates" default:"0" placeholder:"N" help:"Inbound messages of one app."`
	AppOutboundRate    int `group:"rates" default:"0" placeholder:"N" help:"Attempts of one app on channels, those of retries and fallbacks included."`
	AppWebhookRate     int `group:"rates" default:"0" placeholder:"N" help:"Callbacks of one app."`
	ProjectRequestRate int `group:"rates" default:"0" placeholder:"N" help:"Requests to the API of one project; more are answered with 429."`

	LogLevel  string `group:"log" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Least level: debug, info, warn or error."`
	LogFormat string `group:"log" default:"text" enum:"text,json" placeholder:"FORMAT" help:"Form of the lines: text or json."`
}

// Validate says what cannot work, naming the settings.
func (s *Serve) Validate() error {
	return errors.Join(
		checkAddresses(s.addresses()),
		CheckStore(s.Store),
		checkURL("public-url", s.PublicURL),
		s.checkKey(),
		s.checkTimes(),
		s.checkRates(),
	)
}

func (s *Serve) checkRates() error {
	var wrong []error
	for _, setting := range []struct {
		name  string
		value int
	}{
		{"app-inbound-rate", s.AppInboundRate}, {"app-outbound-rate", s.AppOutboundRate},
		{"app-webhook-rate", s.AppWebhookRate}, {"project-request-rate", s.ProjectRequestRate},
	} {
		if setting.value < 0 {
			wrong = append(wrong, fmt.Errorf("--%s %d: want a number a second, or 0 for no limit", setting.name, setting.value))
		}
	}
	return errors.Join(wrong...)
}

func (s *Serve) addresses() []address {
	list := []address{{"listen", s.Listen}, {"admin-listen", s.AdminListen}}
	if s.BatchListen != "" {
		list = append(list, address{"batch-listen", s.BatchListen})
	}
	return list
}

func (s *Serve) checkKey() error {
	if (s.KeyID == "") != (s.KeySecret == "") {
		return errors.New("--key-id and --key-secret: want both or neither")
	}
	return nil
}

func (s *Serve) checkTimes() error {
	var wrong []error
	for _, setting := range []struct {
		name  string
		value time.Duration
	}{
		{"lease", s.Lease}, {"webhook-retry-first", s.WebhookRetryFirst}, {"webhook-retry-cap", s.WebhookRetryCap}, {"webhook-retry-window", s.WebhookRetryWindow},
		{"webhook-timeout", s.WebhookTimeout}, {"breaker-open", s.BreakerOpen}, {"breaker-open-cap", s.BreakerOpenCap},
		{"retention-interval", s.RetentionInterval}, {"callback-retention", s.CallbackRetention},
	} {
		if setting.value <= 0 {
			wrong = append(wrong, fmt.Errorf("--%s %s: want more than 0", setting.name, setting.value))
		}
	}
	if s.BreakerFailures < 1 {
		wrong = append(wrong, fmt.Errorf("--breaker-failures %d: want at least 1", s.BreakerFailures))
	}
	if s.WebhookRetryCap < s.WebhookRetryFirst {
		wrong = append(wrong, fmt.Errorf("--webhook-retry-cap %s: want at least --webhook-retry-first, %s", s.WebhookRetryCap, s.WebhookRetryFirst))
	}
	if s.CallbackRetention < s.WebhookRetryWindow {
		wrong = append(wrong, fmt.Errorf("--callback-retention %s: want at least --webhook-retry-window, %s", s.CallbackRetention, s.WebhookRetryWindow))
	}
	if s.BreakerOpenCap < s.BreakerOpen {
		wrong = append(wrong, fmt.Errorf("--breaker-open-cap %s: want at least --breaker-open, %s", s.BreakerOpenCap, s.BreakerOpen))
	}
	return errors.Join(wrong...)
}

// CheckStore says what is wrong with the value of --store, without repeating
// it: there may be a password in it.
func CheckStore(store string) error {
	scheme, rest, _ := strings.Cut(store, ":")
	switch scheme {
	case "sqlite":
		if rest == "" || strings.HasPrefix(rest, ":memory:") {
			return errors.New("--store: want the path of a file after sqlite:") //nolint:staticcheck // the colon belongs to it
		}
		return nil
	case "postgres", "postgresql":
		if u, err := url.Parse(store); err != nil || !strings.HasPrefix(rest, "//") || u.Host == "" && u.RawQuery == "" {
			return errors.New("--store: want postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters written as %XX")
		}
		return nil
	}
	return errors.New("--store: want sqlite:PATH or postgres://…")
}

// address is where a listener is to be, and the setting that says so.
type address struct{ name, value string }

// checkAddresses wants host:port of each, and no two the same; port 0 is a new
// one for each.
func checkAddresses(list []address) error {
	var wrong []error
	taken := make(map[string]string)
	for _, a := range list {
		_, port, err := net.SplitHostPort(a.value)
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		switch other, twice := taken[a.value]; {
		case err != nil || port == "":
			wrong = append(wrong, fmt.Errorf("--%s %q: want HOST:PORT", a.name, a.value))
		case twice && port != "0":
			wrong = append(wrong, fmt.Errorf("--%s %q: --%s has that address", a.name, a.value, other))
		}
		taken[a.value] = a.name
	}
	return errors.Join(wrong...)
}

// checkURL takes what is empty for not given.
func checkURL(name, text string) error {
	if text == "" {
		return nil
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("--%s %q: want http://… or https://…", name, text)
	}
	return nil
}
