// Package botapi is a simulated Telegram Bot API for one bot. It speaks the real
// protocol over HTTP: it checks the token and the parameters, answers errors in
// the platform's form, and hands updates out by webhook or by polling. It must
// not know the gateway that it is used to test.
//
// Served, by POST or GET with parameters as JSON:
//
//	/bot{token}/getMe, sendMessage, sendPhoto, sendVideo, sendAudio, sendVoice,
//	    sendDocument, sendAnimation, sendSticker, sendLocation, sendVenue, sendContact, sendChatAction,
//	    getChat, answerCallbackQuery, getFile
//	/bot{token}/setWebhook, deleteWebhook, getWebhookInfo, getUpdates
//	/file/bot{token}/{path}       the bytes of a file: a picture
//
// A bot gets no receipts, so a message is accepted and that is all. What goes
// wrong instead is decided by faults (package fault), which are given in
// Config.Faults, by the method Faults, or over HTTP; the kinds that are about
// reports accept the message. The chat ids that end in 9001 to 9010 get what
// fault.ByNumber says if the configuration names that table.
//
// Control over HTTP, for use from outside the process:
//
//	GET    /_sim/log       totals and entries
//	DELETE /_sim/log       forget them
//	GET    /_sim/faults    the faults that stand
//	POST   /_sim/faults    {"kind":"refuse","code":403,"words":"Forbidden: bot was blocked by the user","to":"42"}, or an array
//	DELETE /_sim/faults    forget them
//	POST   /_sim/inbound   {"chat_id":42,"text":"hi"} or {"chat_id":42,"update":{"callback_query":{…}}}
package botapi

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
	"switchyard/internal/sim/notify"
)

// Config is a Server's. Token is required.
type Config struct {
	Token string
	// Client posts the updates to a webhook; nil is one of its own.
	Client *http.Client
	// Faults stand from the start.
	Faults  []fault.Fault
	Journal journal.Options
	// Log is for what goes on inside; nil discards it.
	Log *slog.Logger
}

// Server is the simulation. It is an http.Handler; make it with New, Close it.
type Server struct {
	config   Config
	control  *http.ServeMux
	faults   *fault.Plan
	journal  *journal.Journal
	notifier *notify.Notifier
	methods  map[string]method
	serial   atomic.Int64 // of messages
	closing  chan struct{}
	closed   atomic.Bool

	mu      sync.Mutex
	updates []update      // not confirmed, in order
	last    int64         // id of the latest update
	arrived chan struct{} // closed and replaced when an update arrives
	secret  string        // of the webhook
	allowed []string      // kinds of updates; empty is the platform's default
	polling bool
	taps    map[string]int // acknowledged callback queries, by id
}

var _ http.Handler = (*Server)(nil)

// New makes a Server. The error is about the Config.
func New(c Config) (*Server, error) {
	if c.Token == "" {
		return nil, errors.New("a token is required")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		config: c, control: http.NewServeMux(), faults: &fault.Plan{}, journal: journal.New(c.Journal),
		closing: make(chan struct{}), arrived: make(chan struct{}), taps: map[string]int{},
	}
	if err := s.faults.Add(c.Faults...); err != nil {
		return nil, err
	}
	s.notifier = notify.New("", notify.Config{Client: c.Client, Prepare: s.sign, Answered: s.answered, Log: c.Log})
	s.methods = s.table()
	s.control.Handle("/_sim/log", s.journal)
	s.control.Handle("/_sim/faults", s.faults)
	s.control.HandleFunc("POST /_sim/inbound", s.controlInbound)
	return s, nil
}

// Faults is the plan of what goes wrong.
func (s *Server) Faults() *fault.Plan { return s.faults }

// Journal is the record of what was submitted; there are no message ids in it,
// because the protocol has no room for the sender's own.
func (s *Server) Journal() *journal.Journal { return s.journal }

// WebhookURL is where updates are posted; "" means that they are polled.
func (s *Server) WebhookURL() string { return s.notifier.URL() }

// Acknowledged says how often a callback query was answered.
func (s *Server) Acknowledged(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taps[id]
}

// Close drops the updates that wait, ends polls and slow answers and returns
// when all goroutines of the Server are ended. It may be called more than once.
func (s *Server) Close() {
	if s.closed.CompareAndSwap(false, true) {
		close(s.closing)
	}
	s.notifier.Close()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/_sim/") {
		s.control.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(path, "/file/bot"+s.config.Token+"/") {
		s.file(w)
		return
	}
	name, ok := strings.CutPrefix(path, "/bot"+s.config.Token+"/")
	if !ok {
		if strings.HasPrefix(path, "/bot") && strings.Contains(path, ":") {
			refuse(w, http.StatusUnauthorized, "Unauthorized", nil)
			return
		}
		refuse(w, http.StatusNotFound, "Not Found", nil)
		return
	}
	s.call(w, r, name)
}

// response is every answer of the platform.
type response struct {
	OK          bool           `json:"ok"`
	Result      any            `json:"result,omitempty"`
	ErrorCode   int            `json:"error_code,omitempty"`
	Description string         `json:"description,omitempty"`
	Parameters  map[string]any `json:"parameters,omitempty"`
}

func accept(w http.ResponseWriter, result any) {
	write(w, http.StatusOK, response{OK: true, Result: result})
}

// refuse answers with an error; the platform's code is its HTTP status, too.
func refuse(w http.ResponseWriter, code int, description string, parameters map[string]any) {
	write(w, code, response{ErrorCode: code, Description: description, Parameters: parameters})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that went away has its answer in the journal.
	_ = json.NewEncoder(w).Encode(body)
}
