package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// exchangesBesideCallbacks of one whole message: the send, its submission to
// the provider, the provider's report. The callbacks are MESSAGE_SUBMIT,
// QUEUED_ON_CHANNEL and DELIVERED.
const exchangesBesideCallbacks = 3

// The names of the account that the gateway is given.
const (
	project     = "bench"
	phoneNumber = "100000000000001"
	accessToken = "bench-access-token"
	keyID       = "bench-key"
	keySecret   = "bench-secret"
)

// rig is a gateway with its surroundings.
type rig struct {
	cfg      Config
	gateway  *process
	provider *provider
	sink     *sink
	client   *http.Client
	stops    []func()
	app      string
	numbers  atomic.Int64
}

func newRig(ctx context.Context, cfg Config) (_ *rig, err error) {
	r := &rig{cfg: cfg, client: newClient(cfg.Concurrency), sink: newSink(), provider: newProvider()}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	providerURL, err := r.listen(r.provider)
	if err != nil {
		return nil, err
	}
	sinkURL, err := r.listen(r.sink)
	if err != nil {
		return nil, err
	}
	if r.gateway, err = startGateway(ctx, cfg); err != nil {
		return nil, err
	}
	if r.app, err = r.createApp(ctx, providerURL, ""); err != nil {
		return nil, err
	}
	r.provider.serve(r.gateway.url+"/channels/"+r.app+"/WHATSAPP", cfg.Concurrency)
	_, err = r.post(ctx, "webhooks", map[string]any{
		"app_id": r.app, "target": sinkURL, "target_type": "HTTP", "secret": "bench-webhook-secret",
		"triggers": []string{"MESSAGE_SUBMIT", "MESSAGE_DELIVERY"},
	})
	return r, err
}

func (r *rig) listen(h http.Handler) (string, error) {
	url, stop, err := listen(h)
	if err == nil {
		r.stops = append(r.stops, stop)
	}
	return url, err
}

func (r *rig) close() {
	if r.gateway != nil {
		r.gateway.stop()
	}
	r.provider.close()
	for _, stop := range r.stops {
		stop()
	}
}

func (r *rig) createApp(ctx context.Context, providerURL, path string) (string, error) {
	answer, err := r.post(ctx, "apps", map[string]any{
		"display_name": "bench", "processing_mode": "CONVERSATION",
		"channel_credentials": []any{map[string]any{
			"channel": "WHATSAPP", "provider_url": providerURL + path,
			"static_bearer": map[string]string{"claimed_identity": phoneNumber, "token": accessToken},
		}},
	})
	if err != nil {
		return "", err
	}
	var app struct{ ID string }
	return app.ID, json.Unmarshal(answer, &app)
}

// send accepts one message to a number that is used again now and then, as
// real customers are.
func (r *rig) send(ctx context.Context, app string, began time.Time) error {
	number := 46_700_000_000 + r.numbers.Add(1)%100_000
	body := fmt.Appendf(nil, `{"app_id":%q,"recipient":{"identified_by":{"channel_identities":[{"channel":"WHATSAPP","identity":"%d"}]}},`+
		`"message":{"text_message":{"text":"Your order 4711 has left our house and will be with you tomorrow between 9 and 12."}},"message_metadata":"%d"}`,
		app, number, began.UnixNano())
	_, err := r.request(ctx, "messages:send", body)
	return err
}

func (r *rig) post(ctx context.Context, path string, v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return r.request(ctx, path, body)
}

func (r *rig) request(ctx context.Context, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.gateway.url+"/v1/projects/"+project+"/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(keyID, keySecret)
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, res.Status, answer)
	}
	return answer, err
}

func listen(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // a listener of our own cannot fail without our doing
		}
	}()
	return "http://" + l.Addr().String(), func() { s.Close(); <-ended }, nil
}

func newClient(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: 2 * connections, MaxIdleConnsPerHost: 2 * connections}}
}

func kindOf(store string) string {
	kind, _, _ := strings.Cut(store, ":")
	return kind
}
