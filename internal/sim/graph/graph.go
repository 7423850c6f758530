// Package graph is a simulated Meta Graph API: the part of it that the WhatsApp
// Cloud API uses. It speaks the real protocol over HTTP: it checks the token
// and the shape of what it is given, answers errors in the platform's form, and
// posts signed webhooks. It must not know the gateway that it is used to test.
//
// Served, with or without the version in front:
//
//	POST /v23.0/{phone-number-id}/messages   send; mark as read, and show typing, for messages that it has posted
//	GET  /v23.0/{media-id}                   the URL of inbound media
//	GET  /media/{media-id}                   that URL: a picture, for the bearer of the token
//
// By default a message is accepted and then reported sent, delivered and read,
// Config.ReportAfter apart. What goes wrong instead is decided by faults
// (package fault), which are given in Config.Faults, by the method Faults, or
// over HTTP. NumberFaults is a table for people: whose number ends in 0131026
// is refused with error 131026, in 1131026 fails with it after the accept, and
// in 9001 to 9010 gets what fault.ByNumber says.
//
// Control over HTTP, for use from outside the process:
//
//	GET    /_sim/log       totals, message ids accepted more than once, entries
//	DELETE /_sim/log       forget them
//	GET    /_sim/faults    the faults that stand
//	POST   /_sim/faults    {"kind":"refuse","to":"*0001","code":131047,"times":3}, or an array
//	DELETE /_sim/faults    forget them
//	POST   /_sim/inbound   {"from":"46700000001","text":"hi"} or {"from":…,"message":{"type":"location",…}}
//	POST   /_sim/notify    {"field":"phone_number_quality_update","value":{…}}
package graph

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
	"switchyard/internal/sim/notify"
)

// Config is a Server's. PhoneNumberID and AccessToken are required; an empty
// AppSecret leaves webhooks unsigned.
type Config struct {
	PhoneNumberID string
	AccessToken   string
	AppSecret     string
	// CallbackURL is where webhooks are posted; with "" there are none.
	CallbackURL string
	// Client posts the webhooks; nil is one of its own.
	Client *http.Client
	// ReportAfter is the time from the accept to the first report and from each
	// report to the next; 0 is 5 ms.
	ReportAfter time.Duration
	// NoRead leaves the read receipts out, as most recipients do.
	NoRead bool
	// Faults stand from the start.
	Faults  []fault.Fault
	Journal journal.Options
	// Log is for what goes on inside; nil discards it.
	Log *slog.Logger
}

// Server is the simulation. It is an http.Handler; make it with New, Close it.
type Server struct {
	config   Config
	mux      *http.ServeMux
	control  *http.ServeMux
	faults   *fault.Plan
	journal  *journal.Journal
	notifier *notify.Notifier
	serial   atomic.Int64
	posted   ids
	closing  chan struct{}
	closed   atomic.Bool
}

var _ http.Handler = (*Server)(nil)

// New makes a Server. The error is about the Config.
func New(c Config) (*Server, error) {
	if c.PhoneNumberID == "" || c.AccessToken == "" {
		return nil, errors.New("PhoneNumberID and AccessToken are required")
	}
	if c.ReportAfter == 0 {
		c.ReportAfter = 5 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, mux: http.NewServeMux(), control: http.NewServeMux(), faults: &fault.Plan{}, journal: journal.New(c.Journal), closing: make(chan struct{})}
	if err := s.faults.Add(c.Faults...); err != nil {
		return nil, err
	}
	s.notifier = notify.New(c.CallbackURL, notify.Config{Client: c.Client, Prepare: s.sign, Log: c.Log})
	s.mux.HandleFunc("POST /{version}/{phone}/messages", s.messages)
	s.mux.HandleFunc("POST /{phone}/messages", s.messages)
	s.mux.HandleFunc("GET /{version}/{media}", s.mediaURL)
	s.mux.HandleFunc("GET /{media}", s.mediaURL)
	s.mux.HandleFunc("GET /media/{media}", s.media)
	s.control.Handle("/_sim/log", s.journal)
	s.control.Handle("/_sim/faults", s.faults)
	s.control.HandleFunc("POST /_sim/inbound", s.controlInbound)
	s.control.HandleFunc("POST /_sim/notify", s.controlNotify)
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sim/") {
		s.control.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Facebook-Api-Version", "v23.0")
	s.mux.ServeHTTP(w, r)
}

// Faults is the plan of what goes wrong.
func (s *Server) Faults() *fault.Plan { return s.faults }

// Journal is the record of what was submitted.
func (s *Server) Journal() *journal.Journal { return s.journal }

// SetCallbackURL changes where webhooks are posted, for a gateway that gets its
// address later than the Server.
func (s *Server) SetCallbackURL(url string) { s.notifier.SetURL(url) }

// Close drops the reports that wait, lets slow answers go and returns when all
// goroutines of the Server are ended. It may be called more than once.
func (s *Server) Close() {
	if s.closed.CompareAndSwap(false, true) {
		close(s.closing)
	}
	s.notifier.Close()
}

// sign sets the header with which Meta signs a webhook.
func (s *Server) sign(h http.Header, body []byte) {
	h.Set("User-Agent", "facebookexternalua")
	if s.config.AppSecret != "" {
		h.Set("X-Hub-Signature-256", Signature(s.config.AppSecret, body))
	}
}

// Signature is the value of X-Hub-Signature-256 for a body.
func Signature(appSecret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
