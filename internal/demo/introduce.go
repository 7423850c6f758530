package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/inbox"
)

// introduce prints where to look and what to try, in one piece, so that no
// callback comes in between.
func (d *demo) introduce() {
	var out bytes.Buffer
	kept := "Nothing is kept."
	if d.stored {
		kept = "Everything is kept in the store."
	}
	fmt.Fprintf(&out, "Switchyard %s, a demo with simulated providers. %s End it with Ctrl+C.\n\n", d.cfg.Version, kept)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&out, "  %-11s "+format+"\n", append([]any{name}, args...)...)
	}
	api := d.gateway.URL()
	row("API", "%s/v1/projects/%s/", api, project)
	row("batch API", "%s/v1/projects/%s/", d.gateway.BatchURL(), project)
	row("access key", "%s, secret %s", keyID, string(d.cfg.KeySecret))
	row("app", "%s: WHATSAPP, then SMS, then TELEGRAM", d.app.ID)
	row("metrics", "http://%s/metrics", d.cfg.AdminListen)
	row("WhatsApp", "%s (simulated)", d.providers.GraphURL)
	row("SMS", "%s (simulated; control: %s)", d.providers.SMSCAddress, d.providers.SMSCControlURL)
	row("Telegram", "%s (simulated)", d.providers.BotAPIURL)
	fmt.Fprint(&out, "\nContacts, and what comes of a message to them:\n\n")
	for i, p := range people() {
		fmt.Fprintf(&out, "  %-6s  %s  %s\n", p.name, d.contacts[i].ID, p.story)
	}
	fmt.Fprintf(&out, "\nSend %s a message. Paste this into another terminal:\n\n%s\n\n", people()[0].name, d.curl())
	fmt.Fprintf(&out, "Below are the callbacks that the app's webhook, %s, gets.\n\nready\n\n%s", d.inboxURL, inbox.Header())
	// A terminal that is gone takes no complaint either.
	_, _ = d.cfg.Out.Write(out.Bytes())
}

// curl is one line for a POSIX shell that sends the first contact a message. It
// names the channels, or the conversation would go on where the last message
// has arrived.
func (d *demo) curl() string {
	type object = map[string]any
	body, err := json.Marshal(object{
		"app_id":                 d.app.ID,
		"recipient":              object{"contact_id": d.contacts[0].ID},
		"message":                object{"text_message": object{"text": "Hello from Switchyard"}},
		"channel_priority_order": []convapi.Channel{convapi.ChannelWhatsApp, convapi.ChannelSMS},
	})
	if err != nil {
		panic(fmt.Sprintf("demo: encode the example: %v", err)) // only strings get here
	}
	return strings.Join([]string{
		"curl", "-u", quoted(keyID + ":" + string(d.cfg.KeySecret)), "-H", "'Content-Type: application/json'",
		d.gateway.URL() + "/v1/projects/" + project + "/messages:send", "-d", quoted(string(body)),
	}, " ")
}

// quoted makes one word of any text, for a POSIX shell.
func quoted(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
