package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"switchyard/internal/store"
)

// The names of the account that the gateway is given.
const (
	project     = "bench"
	phoneNumber = "100000000000001"
	accessToken = "bench-access-token"
	keyID       = "bench-key"
	keySecret   = "bench-secret"
)

// rig is one or more gateways on a store of their own, with provider and
// webhook. Each phase has a new one.
type rig struct {
	opts     Options
	phase    string
	binary   string
	store    string
	remove   func() error
	gateways []*process
	pool     chan *conn // to all gateways in turn; of the load
	client   *http.Client
	provider *provider
	sink     *sink
	window   window
	stops    []func()

	providerURL, sinkURL string
	recipients, inbounds atomic.Int64 // counters for numbers that differ
}

// newRig makes the surroundings and starts the gateways.
func newRig(ctx context.Context, b *bench, env ...string) (_ *rig, err error) {
	r := &rig{opts: b.cfg.Options, phase: b.phase, binary: b.cfg.Binary, client: newClient(4), window: make(window, underWay*b.cfg.Concurrency)}
	r.sink, r.provider = newSink(r.window), newProvider(r.window)
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.store, r.remove, err = newPlace(ctx, b.cfg.Store); err != nil {
		return r, err
	}
	if r.providerURL, err = r.serve(r.provider.answer); err != nil {
		return r, err
	}
	if r.sinkURL, err = r.serve(r.sink.answer); err != nil {
		return r, err
	}
	return r, r.start(ctx, env...)
}

func (r *rig) serve(h handler) (string, error) {
	address, stop, err := serve(h)
	if err == nil {
		r.stops = append(r.stops, stop)
	}
	return "http://" + address, err
}

// start starts the gateways and connects to them.
func (r *rig) start(ctx context.Context, env ...string) error {
	for range r.opts.Nodes {
		p, err := startGateway(ctx, r.binary, r.store, env...)
		if err != nil {
			return err
		}
		r.gateways = append(r.gateways, p)
	}
	r.pool = make(chan *conn, r.opts.Concurrency)
	return r.connect(ctx)
}

// connect fills the pool with new connections. After a long wait it has to: the
// gateway hangs up on those that ask nothing for 10 s.
func (r *rig) connect(ctx context.Context) error {
	r.hangUp()
	for range r.opts.Concurrency {
		c, err := r.dial(ctx, len(r.pool))
		if err != nil {
			return err
		}
		r.pool <- c
	}
	return nil
}

// dial connects to the gateway whose turn it is.
func (r *rig) dial(ctx context.Context, i int) (*conn, error) {
	return dialConn(ctx, r.gateways[i%len(r.gateways)].address())
}

func (r *rig) hangUp() {
	for len(r.pool) > 0 {
		(<-r.pool).Close()
	}
}

// stop stops the gateways, so that the store can be filled or they can start anew.
func (r *rig) stop() {
	r.hangUp()
	for _, p := range r.gateways {
		p.stop()
	}
	r.gateways = nil
}

func (r *rig) close() error {
	if r.sink.state.Swap(healthy) == hanging {
		close(r.sink.release)
	}
	r.stop()
	r.provider.close()
	for _, stop := range r.stops {
		stop()
	}
	if r.remove == nil {
		return nil
	}
	return r.remove()
}

// seed stops the gateways, fills the store and leaves it closed.
func (r *rig) seed(ctx context.Context, fill func(*store.DB) error) error {
	r.stop()
	db, err := store.Open(ctx, store.Options{URL: r.store})
	if err != nil {
		return err
	}
	if err := errors.Join(fill(db), db.Close()); err != nil || isSQLite(r.store) {
		return err
	}
	return rest(ctx, r.store)
}

// createApp makes an app with one WhatsApp account at the provider's path, and
// more members, such as delivery_report_based_fallback.
func (r *rig) createApp(ctx context.Context, path string, more map[string]any) (string, error) {
	members := map[string]any{
		"display_name": "bench", "processing_mode": "CONVERSATION",
		"channel_credentials": []any{map[string]any{
			"channel": "WHATSAPP", "provider_url": r.providerURL + path,
			"static_bearer": map[string]string{"claimed_identity": phoneNumber, "token": accessToken},
		}},
	}
	for name, value := range more {
		members[name] = value
	}
	return r.create(ctx, "apps", members)
}

// createWebhook lets a webhook of an app lead to a sink.
func (r *rig) createWebhook(ctx context.Context, app, url string, triggers ...string) error {
	_, err := r.create(ctx, "webhooks", map[string]any{
		"app_id": app, "target": url, "target_type": "HTTP", "secret": "bench-webhook-secret", "triggers": triggers,
	})
	return err
}

// spreadTime bounds the wait until every gateway knows what one was told.
const spreadTime = 10 * time.Second

// create makes a resource of a collection at one gateway, and waits until all
// know it.
func (r *rig) create(ctx context.Context, collection string, v any) (id string, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	answer, err := r.request(ctx, http.MethodPost, r.gateways[0], collection, body)
	if err != nil {
		return "", err
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		return "", err
	}
	for _, p := range r.gateways[1:] {
		for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			_, err := r.request(ctx, http.MethodGet, p, collection+"/"+made.ID, nil)
			if err == nil {
				break
			}
			if time.Since(begin) > spreadTime {
				return "", err
			}
		}
	}
	return made.ID, nil
}

// request is for what is not measured.
func (r *rig) request(ctx context.Context, method string, p *process, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url+apiPath+path, bytes.NewReader(body))
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

const apiPath = "/v1/projects/" + project + "/"

// sendShape is a send with a gap for the recipient's number.
func sendShape(app string) *shape {
	return newShape(apiPath+"messages:send",
		"Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(keyID+":"+keySecret))+"\r\n",
		`{"app_id":"`+app+`","recipient":{"identified_by":{"channel_identities":[{"channel":"WHATSAPP","identity":"`+gap(1, phoneWidth)+`"}]}},`+
			`"message":{"text_message":{"text":"`+text+`"}},"message_metadata":"order 4711"}`)
}

// callbackPath is where the provider reports to.
func callbackPath(app string) string { return "/channels/" + app + "/WHATSAPP" }

func reportShape(app, prefix string) *shape {
	return newShape(callbackPath(app), "", reportBody(prefix))
}
func inboundShape(app string) *shape { return newShape(callbackPath(app), "", inboundBody()) }

// bodyLength is the length of a shape's body.
func (s *shape) bodyLength() int {
	_, body, _ := bytes.Cut(s.text, []byte("\r\n\r\n"))
	return len(body)
}

// report sets the provider to reporting about the messages of an app.
func (r *rig) report(ctx context.Context, app string) error {
	var connections []*conn
	for i := range r.opts.Concurrency {
		c, err := r.dial(ctx, i)
		if err != nil {
			return err
		}
		connections = append(connections, c)
	}
	r.provider.serve(connections, reportShape(app, refPrefix))
	return nil
}

// firstNumber is the first recipient's.
const firstNumber = 46_700_000_000

// recipient is the number whose turn it is: all contacts, one after the other.
func (r *rig) recipient() int64 {
	return firstNumber + (r.recipients.Add(1)-1)%int64(r.opts.Contacts)
}

// send accepts a message; after it c.body has the answer.
func (r *rig) send(c *conn, s *shape) error { return sendTo(c, s, r.recipient()) }

func sendTo(c *conn, s *shape, number int64) error {
	s.render(c)
	s.number(c, 1, number)
	return expectOK(c)
}

// write lets a contact write; the number names the message.
func (r *rig) write(c *conn, s *shape) (number int64, err error) {
	number = r.inbounds.Add(1)
	s.render(c)
	s.number(c, 1, number)
	from := r.recipient()
	s.number(c, 2, from)
	s.number(c, 3, from)
	s.number(c, 4, number)
	return number, expectOK(c)
}

func expectOK(c *conn) error {
	status, err := c.exchange()
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", status, strings.TrimSpace(string(c.body)))
	}
	return err
}
