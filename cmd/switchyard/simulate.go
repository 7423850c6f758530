package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"switchyard/internal/config"
	"switchyard/internal/sim"
)

type simulateCommand struct {
	config.Simulate
}

// Run is the simulated providers until a signal ends them or one fails.
func (c *simulateCommand) Run(ctx context.Context) error {
	log, err := newLogger("text", "warn")
	if err != nil {
		return err
	}
	providers, err := sim.Start(c.Providers, log)
	if err != nil {
		return err
	}
	defer providers.Close()
	providers.Graph.SetCallbackURL(c.GraphCallbackURL)
	introduceProviders(os.Stdout, c.Providers, providers)
	select {
	case <-ctx.Done():
		return nil
	case err := <-providers.Failed():
		return err
	}
}

// introduceProviders prints where they are, who may use them, and how to make
// them fail.
func introduceProviders(w io.Writer, c config.Providers, p *sim.Providers) {
	var out strings.Builder
	fmt.Fprintf(&out, "SMS       %s  SMPP 3.4, system id %s, password %s; control: %s\n", p.SMSCAddress, c.SMSCSystemID, c.SMSCPassword, p.SMSCControlURL)
	fmt.Fprintf(&out, "WhatsApp  %s  phone number id %s, access token %s, app secret %s\n", p.GraphURL, c.GraphPhoneNumberID, c.GraphAccessToken, c.GraphAppSecret)
	fmt.Fprintf(&out, "Telegram  %s  bot token %s\n", p.BotAPIURL, c.BotAPIToken)
	fmt.Fprint(&out, "\nThe end of the number that a message is for says what happens to it:\n\n")
	for _, e := range sim.Endings() {
		fmt.Fprintf(&out, "  %-8s  …%-7s  %s\n", e.Channel, e.Digits, e.Meaning)
	}
	fmt.Fprintf(&out, "\nOr order a fault for anybody. After this the next three messages on WhatsApp are refused:\n\n"+
		"curl -s -o /dev/null -w '%%{http_code}\\n' -d '{\"kind\":\"refuse\",\"code\":131047,\"times\":3}' %s/_sim/faults\n\n"+
		"GET /_sim/log tells what was submitted; DELETE /_sim/faults forgets all faults, those of the table too.\n\nready\n", p.GraphURL)
	fmt.Fprint(w, out.String())
}
