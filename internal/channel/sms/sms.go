// Package sms speaks SMPP 3.4 to one message centre for one account: it cuts texts into parts and submits them, reads receipts and messages of
// handsets, and classifies the centre's statuses. The connection itself (binds, window, pace, keep-alive) is package smpp's. It must not know
// contacts, conversations, stores or retries.
//
// An account is an smpp_credentials credential. Its members' limits are those of SMPP 3.4; gsm7 and message_id_form take the words of package
// smpp/coding. source_address is the sender where a message names none in its channel property SMS_SENDER.
package sms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// spare is how many messages may wait beside those that fill the windows, so
// that a free place is taken at once.
const spare = 4

// Channel is the definition of the channel SMS. SMPP carries no reference of ours that comes back in a receipt, so a message in doubt cannot be
// resolved by waiting for one.
var Channel = channel.Definition{
	Channel:  convapi.ChannelSMS,
	Features: channel.Features{ReportsDelivered: true, Linked: true},
	Check:    check,
	Open:     open,
}

// adapter implements channel.Adapter and Runner.
type adapter struct {
	credentials *convapi.SMPPCredentials
	alphabet    coding.Alphabet
	idForm      coding.IDForm
	config      smpp.ClientConfig
	log         *slog.Logger

	mu     sync.Mutex   // held while the client is opened, so that nobody who knows of a bind misses the client
	client *smpp.Client // nil while nothing runs

	refused atomic.Pointer[smpp.BindEvent] // the centre refuses the account
	plain   atomic.Bool                    // the centre refuses optional parameters that only help
}

var (
	_ channel.Adapter = (*adapter)(nil)
	_ channel.Limiter = (*adapter)(nil)
	_ channel.Runner  = (*adapter)(nil)
)

// check says what is wrong with a credential.
func check(c convapi.ChannelCredential) error {
	s := c.SMPPCredentials
	if s == nil {
		return nil // one of the contract's own forms: kept, but nothing can be sent with it
	}
	var wrong convapi.FieldErrors
	add := func(field, description string) {
		wrong = append(wrong, &convapi.FieldError{Field: "smpp_credentials." + field, Description: description})
	}
	if host, port, err := net.SplitHostPort(s.Address); err != nil || host == "" || port == "" {
		add("address", "must be host:port")
	}
	if s.SystemID == "" {
		add("system_id", "is required")
	}
	if _, err := coding.ParseAlphabet(s.GSM7); err != nil {
		add("gsm7", err.Error())
	}
	if _, err := coding.ParseIDForm(s.MessageIDForm); err != nil {
		add("message_id_form", err.Error())
	}
	if len(s.SourceAddress) > maxAddress {
		add("source_address", fmt.Sprintf("must be at most %d characters", maxAddress))
	}
	account := smpp.Account{Addr: s.Address, SystemID: s.SystemID, Password: smpp.Secret(s.Password), SystemType: s.SystemType}
	if err := account.Validate(); err != nil && len(wrong) == 0 {
		add("system_id", err.Error())
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

func open(account channel.Account, env channel.Env) (channel.Adapter, error) {
	if err := check(account.Credential); err != nil {
		return nil, err
	}
	c := account.Credential.SMPPCredentials
	if c == nil {
		return nil, errors.New("sending SMS needs smpp_credentials")
	}
	alphabet, err := coding.ParseAlphabet(c.GSM7)
	if err != nil {
		return nil, err
	}
	idForm, err := coding.ParseIDForm(c.MessageIDForm)
	if err != nil {
		return nil, err
	}
	a := &adapter{credentials: c, alphabet: alphabet, idForm: idForm, log: env.Log}
	a.config = smpp.ClientConfig{
		Account: smpp.Account{
			Addr: c.Address, SystemID: c.SystemID, Password: smpp.Secret(c.Password), SystemType: c.SystemType, Dial: dialer(c, env),
		},
		Limits: smpp.Limits{Window: c.Window, EnquireInterval: time.Duration(c.EnquireSeconds) * time.Second},
		Pair:   c.BindMode == convapi.BindTXRX,
		Binds:  c.Binds,
		Rate:   c.MaxTPS,
		OnBind: a.onBind,
	}
	return a, nil
}

// Concurrency implements channel.Limiter: the windows of all binds.
func (a *adapter) Concurrency() int {
	window := a.credentials.Window
	if window == 0 {
		window = smpp.DefaultWindow
	}
	return max(a.credentials.Binds, 1)*window + spare
}

// dialer connects under the gateway's address check, with TLS where the account wants it.
func dialer(c *convapi.SMPPCredentials, env channel.Env) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := env.Dial(ctx, "tcp", c.Address)
		if err != nil || !c.TLS {
			return conn, err
		}
		host, _, err := net.SplitHostPort(c.Address)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		secured := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secured, nil
	}
}

// onBind remembers whether the centre wants this account at all.
func (a *adapter) onBind(e smpp.BindEvent) {
	switch e.State {
	case smpp.BindUp:
		a.refused.Store(nil)
		a.log.Info("bound to the message centre", "bind", e.Bind, "type", e.Type.String())
	case smpp.BindRefused:
		a.refused.Store(&e)
		a.log.Error("the message centre refuses the account", "bind", e.Bind, "type", e.Type.String(), "error", e.Err, "retry_at", e.RetryAt)
	case smpp.BindDown:
		a.log.Warn("not bound to the message centre", "bind", e.Bind, "type", e.Type.String(), "error", e.Err, "retry_at", e.RetryAt)
	}
}

const (
	closePatience  = 10 * time.Second // for outstanding answers at the end
	expiryInterval = time.Minute      // between looks for long messages that never became complete
)

// Run implements channel.Runner: it keeps the binds until ctx ends.
func (a *adapter) Run(ctx context.Context, sink channel.Sink) error {
	in := newInbox(a, sink)
	config := a.config
	config.Handler = in.handle
	client, err := a.openClient(config)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(expiryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			in.expire(ctx, time.Now())
		case <-ctx.Done():
			a.forgetClient()
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closePatience)
			defer cancel()
			return client.Close(closing)
		}
	}
}

func (a *adapter) openClient(config smpp.ClientConfig) (*smpp.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	client, err := smpp.Open(config)
	if err == nil {
		a.client = client
	}
	return client, err
}

func (a *adapter) forgetClient() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.client = nil
}

func (a *adapter) currentClient() *smpp.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.client
}
