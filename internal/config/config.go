// Package config holds the settings of a process. Apps, channels and webhooks
// are no settings: they are data in the store.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Serve are the settings of the gateway. Each is a flag, an environment
// variable SWITCHYARD_… of the same name and a member of the file given with
// --config.
type Serve struct {
	Listen      string `default:"127.0.0.1:8080" env:"SWITCHYARD_LISTEN" help:"Address of the API, the token endpoint and the providers' callbacks."`
	AdminListen string `default:"127.0.0.1:8081" env:"SWITCHYARD_ADMIN_LISTEN" help:"Address of /healthz, /readyz, /metrics and pprof. Keep it private."`
	Store       string `default:"sqlite:switchyard.db" env:"SWITCHYARD_STORE" help:"Where everything is kept: sqlite:PATH or postgres://…"`
	PublicURL   string `env:"SWITCHYARD_PUBLIC_URL" help:"What providers are told to reach this gateway at; http://<listen> if empty."`

	AllowPrivateTargets bool `env:"SWITCHYARD_ALLOW_PRIVATE_TARGETS" help:"Let webhooks, media and provider URLs lead to loopback and private addresses."`

	ProjectID     string `env:"SWITCHYARD_PROJECT_ID" help:"First project; made and printed once on an empty store if absent."`
	KeyID         string `env:"SWITCHYARD_KEY_ID" help:"Id of the first project's access key; likewise."`
	KeySecret     string `env:"SWITCHYARD_KEY_SECRET" help:"Secret of the access key; likewise."`
	AdminPassword string `env:"SWITCHYARD_ADMIN_PASSWORD" help:"Password of the dashboard, which is not built yet."`

	WebhookRetryFirst  time.Duration `default:"5s" env:"SWITCHYARD_WEBHOOK_RETRY_FIRST" help:"Time to the second attempt of a callback; it doubles from then on."`
	WebhookRetryCap    time.Duration `default:"1h" env:"SWITCHYARD_WEBHOOK_RETRY_CAP" help:"Longest time between two attempts."`
	WebhookRetryWindow time.Duration `default:"24h" env:"SWITCHYARD_WEBHOOK_RETRY_WINDOW" help:"Age at which a callback is given up."`
	WebhookTimeout     time.Duration `default:"10s" env:"SWITCHYARD_WEBHOOK_TIMEOUT" help:"Longest time of one attempt."`

	BreakerFailures int           `default:"10" env:"SWITCHYARD_BREAKER_FAILURES" help:"Consecutive failures after which a webhook is left alone."`
	BreakerOpen     time.Duration `default:"30s" env:"SWITCHYARD_BREAKER_OPEN" help:"Time until a webhook that is left alone is tried again; it doubles with each failure."`
	BreakerOpenCap  time.Duration `default:"10m" env:"SWITCHYARD_BREAKER_OPEN_CAP" help:"Longest such time."`

	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"SWITCHYARD_LOG_LEVEL" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat string `default:"text" enum:"text,json" env:"SWITCHYARD_LOG_FORMAT" help:"Form of the log on standard error: text or json."`
}

// Validate says what cannot work, naming the setting.
func (s *Serve) Validate() error {
	var errs []error
	for name, address := range map[string]string{"listen": s.Listen, "admin-listen": s.AdminListen} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			errs = append(errs, fmt.Errorf("--%s %q: want host:port", name, address))
		}
	}
	if scheme, _, _ := strings.Cut(s.Store, ":"); scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql" {
		errs = append(errs, errors.New("--store: want sqlite:PATH or postgres://…"))
	}
	if s.PublicURL != "" {
		if u, err := url.Parse(s.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fmt.Errorf("--public-url %q: want http://… or https://…", s.PublicURL))
		}
	}
	if (s.KeyID == "") != (s.KeySecret == "") {
		errs = append(errs, errors.New("--key-id and --key-secret: want both or neither"))
	}
	for name, d := range map[string]time.Duration{
		"webhook-retry-first": s.WebhookRetryFirst, "webhook-retry-cap": s.WebhookRetryCap, "webhook-retry-window": s.WebhookRetryWindow,
		"webhook-timeout": s.WebhookTimeout, "breaker-open": s.BreakerOpen, "breaker-open-cap": s.BreakerOpenCap,
	} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("--%s %s: want more than 0", name, d))
		}
	}
	if s.BreakerFailures < 1 {
		errs = append(errs, fmt.Errorf("--breaker-failures %d: want at least 1", s.BreakerFailures))
	}
	return errors.Join(errs...)
}
