package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The provider has four accounts, told apart by the path of their URL.
const (
	reporting = ""        // takes messages and reports them delivered
	silent    = "/silent" // takes messages and reports nothing
	busy      = "/busy"   // wants to be left alone for an hour
	gated     = "/gated"  // wants to be left alone for a second until it is opened
)

// provider is the least that can stand for a Graph API: it takes each message
// and reports it delivered. (internal/sim/graph checks much more, which would
// be measured along with the gateway.)
type provider struct {
	ids       atomic.Int64
	submitted atomic.Int64
	octets    atomic.Int64 // of the bodies submitted
	open      atomic.Bool  // the gated account
	reports   chan delivered
	workers   sync.WaitGroup
	marks     atomic.Pointer[marks]
	window    window // left by each message that will not be reported
}

// delivered is a delivery report on its way.
type delivered struct {
	ref     int64
	message string
	at      time.Time // when to report
}

// reportDelay is the time from the answer to the report: no real provider is
// faster, and a report that overtakes the answer would save the gateway the
// callback QUEUED_ON_CHANNEL.
const reportDelay = 50 * time.Millisecond

func newProvider(w window) *provider {
	return &provider{reports: make(chan delivered, 1_000_000), window: w}
}

// serve begins to report over the connections.
func (p *provider) serve(connections []*conn, report *shape) {
	for _, c := range connections {
		p.workers.Go(func() {
			defer c.Close()
			for r := range p.reports {
				time.Sleep(time.Until(r.at))
				if err := p.post(c, report, r); err != nil {
					return // the gateway is gone
				}
			}
		})
	}
}

func (p *provider) close() {
	close(p.reports)
	p.workers.Wait()
}

// refPrefix begins the provider's ids; a number of numberWidth follows.
const refPrefix = "wamid.bench"

// answer is POST /{version}/{phone}/messages.
func (p *provider) answer(path string, body, out []byte) []byte {
	now := time.Now()
	switch {
	case strings.HasPrefix(path, busy):
		return tooMany(out, "3600")
	case strings.HasPrefix(path, gated) && !p.open.Load():
		return tooMany(out, "1")
	}
	message := between(body, `"biz_opaque_callback_data":"`, `"`)
	ref := p.ids.Add(1)
	p.submitted.Add(1)
	p.octets.Add(int64(len(body)))
	if m := p.marks.Load(); m != nil {
		m.note(&m.submit, string(message), now)
	}
	if strings.HasPrefix(path, silent) || strings.HasPrefix(path, gated) {
		p.window.leave()
	} else {
		p.reports <- delivered{ref, string(message), now.Add(reportDelay)}
	}
	const head, tail = `{"messaging_product":"whatsapp","messages":[{"id":"` + refPrefix, `"}]}`
	return fmt.Appendf(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s%0*d%s",
		len(head)+numberWidth+len(tail), head, numberWidth, ref, tail)
}

// meanLength is that of the bodies submitted so far.
func (p *provider) meanLength() int { return int(p.octets.Load() / max(1, p.submitted.Load())) }

func tooMany(out []byte, retryAfter string) []byte {
	const text = `{"error":{"message":"busy","type":"OAuthException","code":130429}}`
	return fmt.Appendf(out, "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: %s\r\nContent-Length: %d\r\n\r\n%s", retryAfter, len(text), text)
}

// notification is a callback of the provider about something.
func notification(about string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",` +
		`"metadata":{"display_phone_number":"46700000000","phone_number_id":"` + phoneNumber + `"},` + about + `}}]}]}`
}

// reportBody has gaps for the reference and our own message id.
func reportBody(prefix string) string {
	return notification(`"statuses":[{"id":"` + prefix + gap(1, numberWidth) + `","status":"delivered","timestamp":"1764000000",` +
		`"recipient_id":"46700000001","biz_opaque_callback_data":"` + gap(2, idWidth) + `"}]`)
}

// inboundBody has gaps for the reference, the sender (twice) and the number
// that the text begins with.
func inboundBody() string {
	return notification(`"contacts":[{"profile":{"name":"Kim"},"wa_id":"` + gap(2, phoneWidth) + `"}],"messages":[{"from":"` + gap(3, phoneWidth) +
		`","id":"wamid.in` + gap(1, numberWidth) + `","timestamp":"1764000000","type":"text","text":{"body":"` + gap(4, numberWidth) + " " + text + `"}}]`)
}

// text is what the messages say.
const text = "Your order 4711 has left our house and will be with you tomorrow between 9 and 12."

// post reports a message delivered. An answer other than 200 is asked again,
// as the platform does.
func (p *provider) post(c *conn, report *shape, r delivered) error {
	report.render(c)
	report.number(c, 1, r.ref)
	report.word(c, 2, r.message)
	if m := p.marks.Load(); m != nil {
		m.note(&m.report, r.message, time.Now())
	}
	for range 100 {
		status, err := c.exchange()
		if err != nil || status == http.StatusOK {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("a report was refused: %s", bytes.TrimSpace(c.body))
}
