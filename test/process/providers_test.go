package process

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"switchyard/internal/sim/botapi"
	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/smsc"
)

// The accounts at the simulated providers.
const (
	phoneNumberID = "106540352242922"
	accessToken   = "EAABwzLixnjYBO"
	appSecret     = "0123456789abcdef-app"
	systemID      = "switchyard"
	smppPassword  = "secret"
)

// object is a JSON object of a request.
type object map[string]any

// whatsApp simulates the platform of WhatsApp. It gets the address for its
// webhooks from tellCallbacks, once there is an app.
func whatsApp(t testing.TB, c graph.Config) (*graph.Server, object) {
	t.Helper()
	c.PhoneNumberID, c.AccessToken, c.AppSecret = phoneNumberID, accessToken, appSecret
	// A platform that gives up its connections to a gateway that was killed.
	c.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	sim, err := graph.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); server.Close() })
	return sim, whatsAppCredential(server.URL)
}

func whatsAppCredential(url string) object {
	return object{
		"channel": "WHATSAPP", "provider_url": url + "/v23.0", "callback_secret": appSecret,
		"static_bearer": object{"claimed_identity": phoneNumberID, "token": accessToken},
	}
}

// messageCentre simulates a message centre for SMS. Each has an account name of
// its own: the port may be one that the gateway of an earlier test is still
// dialling, and receipts must not go there.
func messageCentre(t testing.TB, c smsc.Config) (*smsc.Server, object) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.SystemID, c.Password = fmt.Sprintf("%s%d", systemID, accounts.Add(1)), smppPassword
	sim, err := smsc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(listener) }()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Errorf("close the message centre: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the message centre: %v", err)
		}
	})
	return sim, smsCredential(listener.Addr().String(), c.SystemID)
}

// accounts counts the message centres and bots of this process.
var accounts atomic.Int64

func smsCredential(address, systemID string) object {
	return object{
		"channel":          "SMS",
		"smpp_credentials": object{"address": address, "system_id": systemID, "password": smppPassword, "source_address": "72323"},
	}
}

// telegramBot simulates the Bot API for a bot.
func telegramBot(t testing.TB, c botapi.Config) (*botapi.Server, object) {
	t.Helper()
	c.Token = fmt.Sprintf("%d:%s", 1_000_000+accounts.Add(1), accessToken)
	sim, err := botapi.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); server.Close() })
	return sim, object{"channel": "TELEGRAM", "provider_url": server.URL, "telegram_credentials": object{"token": c.Token}}
}
