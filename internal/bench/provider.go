package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// provider is the least that can stand for a Graph API: it takes each message
// and reports it delivered. (internal/sim/graph checks much more, which would
// be measured along with the gateway.)
type provider struct {
	ids       atomic.Int64
	submitted atomic.Int64
	reports   chan delivered
	workers   sync.WaitGroup
	latencies *latencies
}

// delivered is a delivery report on its way.
type delivered struct {
	ref, message string
	at           time.Time // when to report
}

// reportDelay is the time from the answer to the report: no real provider is
// faster, and a report that overtakes the answer would save the gateway the
// callback QUEUED_ON_CHANNEL.
const reportDelay = 50 * time.Millisecond

func newProvider() *provider {
	return &provider{reports: make(chan delivered, 100_000), latencies: &latencies{}}
}

// serve begins to report to the gateway over so many connections.
func (p *provider) serve(callback string, connections int) {
	client := newClient(connections)
	for range connections {
		p.workers.Go(func() {
			for r := range p.reports {
				time.Sleep(time.Until(r.at))
				p.post(client, callback, r)
			}
		})
	}
}

func (p *provider) close() {
	close(p.reports)
	p.workers.Wait()
}

// ServeHTTP is POST /{version}/{phone}/messages. The path /busy is another
// account, which is told to come back in an hour.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var m struct {
		Opaque string `json:"biz_opaque_callback_data"`
		To     string `json:"to"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if bytes.HasPrefix([]byte(r.URL.Path), []byte("/busy")) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"message":"busy","type":"OAuthException","code":130429}}`)
		return
	}
	ref := fmt.Sprintf("wamid.bench%d", p.ids.Add(1))
	p.submitted.Add(1)
	p.latencies.submitted(m.Opaque, now)
	fmt.Fprintf(w, `{"messaging_product":"whatsapp","contacts":[{"input":%q,"wa_id":%q}],"messages":[{"id":%q}]}`, m.To, m.To, ref)
	p.reports <- delivered{ref, m.Opaque, now.Add(reportDelay)}
}

// post reports a message delivered. An answer other than 200 is asked again,
// as the platform does.
func (p *provider) post(client *http.Client, callback string, r delivered) {
	body := fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",`+
		`"metadata":{"display_phone_number":"46700000000","phone_number_id":%q},"statuses":[{"id":%q,"status":"delivered","timestamp":"%d","recipient_id":"46700000001","biz_opaque_callback_data":%q}]}}]}]}`,
		phoneNumber, r.ref, time.Now().Unix(), r.message)
	p.latencies.reported(r.message, time.Now())
	for range 100 {
		res, err := client.Post(callback, "application/json", bytes.NewReader(body))
		if err != nil {
			return // the gateway is gone
		}
		_, _ = io.Copy(io.Discard, res.Body) // only the status counts
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
