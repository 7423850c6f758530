package sim_test

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard/internal/config"
	"switchyard/internal/sim"
	"switchyard/internal/sim/fault"
)

func settings() config.Providers {
	return config.Providers{
		SMSCListen: "127.0.0.1:0", SMSCControlListen: "127.0.0.1:0", GraphListen: "127.0.0.1:0", BotAPIListen: "127.0.0.1:0",
		SMSCSystemID: "a", SMSCPassword: "b", GraphPhoneNumberID: "1", GraphAccessToken: "c", BotAPIToken: "1:d", ReportAfter: time.Second,
	}
}

func start(t *testing.T) *sim.Providers {
	t.Helper()
	p, err := sim.Start(settings(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// What people are told of a number's end is in force.
func TestEndingsStand(t *testing.T) {
	p := start(t)
	stand := map[string][]fault.Fault{"WhatsApp": p.Graph.Faults().List(), "SMS": p.SMSC.Faults().List(), "Telegram": p.BotAPI.Faults().List()}
	for _, e := range sim.Endings() {
		for channel, faults := range stand {
			if e.Channel != channel && e.Channel != "any" {
				continue
			}
			if !slices.ContainsFunc(faults, func(f fault.Fault) bool { return f.To == "*"+e.Digits }) {
				t.Errorf("nothing happens on %s for …%s (%s)", channel, e.Digits, e.Meaning)
			}
		}
	}
}

// Each one answers where it is said to be, and nothing does after Close.
func TestStartAndClose(t *testing.T) {
	p := start(t)
	urls := []string{p.SMSCControlURL, p.GraphURL, p.BotAPIURL}
	for _, url := range urls {
		res, err := http.Get(url + "/_sim/log")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"submitted":0`) {
			t.Errorf("%s: status %d, %s, error %v", url, res.StatusCode, body, err)
		}
	}
	p.Close()
	for _, url := range urls {
		if res, err := http.Get(url + "/_sim/log"); err == nil {
			res.Body.Close()
			t.Errorf("%s answers after Close", url)
		}
	}
	select {
	case err := <-p.Failed():
		t.Errorf("Close is taken for a failure: %v", err)
	default:
	}
}
