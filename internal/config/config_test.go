package config_test

import (
	"strings"
	"testing"
	"time"

	"switchyard/internal/config"
)

// fine are settings with which a gateway starts.
func fine() config.Serve {
	return config.Serve{
		Listen: "127.0.0.1:8080", AdminListen: "127.0.0.1:8081", Store: "sqlite:x.db", Lease: time.Second,
		WebhookRetryFirst: time.Second, WebhookRetryCap: time.Minute, WebhookRetryWindow: time.Hour, WebhookTimeout: time.Second,
		BreakerFailures: 1, BreakerOpen: time.Second, BreakerOpenCap: time.Minute,
		RetentionInterval: time.Hour, CallbackRetention: time.Hour,
	}
}

func TestServeValidate(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*config.Serve)
		want   string // in the error; "" is none
	}{
		"fine":                      {func(*config.Serve) {}, ""},
		"any address":               {func(s *config.Serve) { s.Listen = ":http" }, ""},
		"free ports":                {func(s *config.Serve) { s.Listen, s.AdminListen = "127.0.0.1:0", "127.0.0.1:0" }, ""},
		"no port":                   {func(s *config.Serve) { s.Listen = "127.0.0.1" }, "--listen"},
		"empty port":                {func(s *config.Serve) { s.Listen = "127.0.0.1:" }, "--listen"},
		"no such port":              {func(s *config.Serve) { s.AdminListen = "127.0.0.1:70000" }, "--admin-listen"},
		"one address for two":       {func(s *config.Serve) { s.AdminListen = s.Listen }, "--listen has that address"},
		"batch":                     {func(s *config.Serve) { s.BatchListen = "127.0.0.1:8082" }, ""},
		"batch without a port":      {func(s *config.Serve) { s.BatchListen = "127.0.0.1" }, "--batch-listen"},
		"batch at the API":          {func(s *config.Serve) { s.BatchListen = s.Listen }, "--listen has that address"},
		"no store":                  {func(s *config.Serve) { s.Store = "" }, "--store"},
		"other store":               {func(s *config.Serve) { s.Store = "mysql://h/d" }, "--store"},
		"store without a path":      {func(s *config.Serve) { s.Store = "sqlite:" }, "--store"},
		"store in memory":           {func(s *config.Serve) { s.Store = "sqlite::memory:" }, "--store"},
		"postgres":                  {func(s *config.Serve) { s.Store = "postgres://u:p@h:5432/d" }, ""},
		"postgres on a socket":      {func(s *config.Serve) { s.Store = "postgresql:///d?host=/run/postgresql" }, ""},
		"postgres without a host":   {func(s *config.Serve) { s.Store = "postgres:d" }, "--store"},
		"public url":                {func(s *config.Serve) { s.PublicURL = "https://example.com/x" }, ""},
		"public url without scheme": {func(s *config.Serve) { s.PublicURL = "example.com" }, "--public-url"},
		"key without secret":        {func(s *config.Serve) { s.KeyID = "k" }, "--key-id and --key-secret"},
		"no time":                   {func(s *config.Serve) { s.WebhookTimeout = 0 }, "--webhook-timeout"},
		"cap below the first":       {func(s *config.Serve) { s.WebhookRetryCap = time.Millisecond }, "--webhook-retry-cap"},
		"breaker's cap below":       {func(s *config.Serve) { s.BreakerOpenCap = time.Millisecond }, "--breaker-open-cap"},
		"callbacks kept too short":  {func(s *config.Serve) { s.CallbackRetention = time.Minute }, "--callback-retention"},
		"no failures":               {func(s *config.Serve) { s.BreakerFailures = 0 }, "--breaker-failures"},
		"rates": {func(s *config.Serve) {
			s.AppInboundRate, s.AppOutboundRate, s.AppWebhookRate, s.ProjectRequestRate = 25, 25, 25, 800
		}, ""},
		"rate below none": {func(s *config.Serve) { s.AppOutboundRate = -1 }, "--app-outbound-rate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := fine()
			test.change(&s)
			checkError(t, s.Validate(), test.want)
		})
	}
}

// A wrong store URL is not repeated: there may be a password in it.
func TestStoreErrorsKeepPasswords(t *testing.T) {
	for _, store := range []string{"postgres://u:hunter2@h:port/d", "postgres://u:hunter2%@h/d", "mysql://u:hunter2@h/d", "postgres:hunter2"} {
		err := config.CheckStore(store)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", store, err)
		}
	}
}

func TestOthersValidate(t *testing.T) {
	providers := config.Providers{
		SMSCListen: "127.0.0.1:1", SMSCControlListen: "127.0.0.1:2", GraphListen: "127.0.0.1:3", BotAPIListen: "127.0.0.1:4",
		SMSCSystemID: "a", SMSCPassword: "b", GraphPhoneNumberID: "1", GraphAccessToken: "c", BotAPIToken: "1:d", ReportAfter: 1,
	}
	with := func(change func(*config.Providers)) config.Providers {
		p := providers
		change(&p)
		return p
	}
	demo := config.Demo{Listen: "127.0.0.1:5", AdminListen: "127.0.0.1:6", BatchListen: "127.0.0.1:8", InboxListen: "127.0.0.1:7", Providers: providers}
	clash := demo
	clash.GraphListen = demo.Listen
	other := demo
	other.Store = "x"
	for name, test := range map[string]struct {
		settings interface{ Validate() error }
		want     string
	}{
		"simulate":               {&config.Simulate{Providers: providers}, ""},
		"simulate, callbacks":    {&config.Simulate{Providers: providers, GraphCallbackURL: "x"}, "--graph-callback-url"},
		"simulate, password":     {&config.Simulate{Providers: with(func(p *config.Providers) { p.SMSCPassword = "ninechars" })}, "--smsc-password: want 1 to 8"},
		"simulate, token":        {&config.Simulate{Providers: with(func(p *config.Providers) { p.BotAPIToken = "a b" })}, "--botapi-token"},
		"simulate, same address": {&config.Simulate{Providers: with(func(p *config.Providers) { p.GraphListen = p.SMSCListen })}, "--smsc-listen has that address"},
		"simulate, time":         {&config.Simulate{Providers: with(func(p *config.Providers) { p.ReportAfter = -1 })}, "--report-after"},
		"demo":                   {&demo, ""},
		"demo, same address":     {&clash, "--listen has that address"},
		"demo, store":            {&other, "--store"},
		"listen":                 {&config.Listen{Listen: ":1", Answer: 503}, ""},
		"listen, address":        {&config.Listen{Listen: "1", Answer: 503}, "--listen"},
		"listen, answer":         {&config.Listen{Listen: ":1", Answer: 100}, "--answer"},
		"listen, slow":           {&config.Listen{Listen: ":1", Answer: 200, Slow: -1}, "--slow"},
	} {
		t.Run(name, func(t *testing.T) { checkError(t, test.settings.Validate(), test.want) })
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case (err == nil) != (want == ""):
		t.Errorf("error %v, want %q in it", err, want)
	case err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("error %q, want %q in it", err, want)
	}
}
