// Package smsc is a simulated message centre. It speaks SMPP 3.4 for real: it checks who binds, takes submits, sends receipts and messages of handsets
// over the sessions that receive, and keeps sending until they are answered with success. It must not know the gateway that it is used to test.
//
// By default a message is accepted and then reported DELIVRD, Config.ReportAfter later. What goes wrong instead is decided by faults (package fault),
// which are given in Config.Faults, by the method Faults, or over HTTP. In a fault of kind Refuse, Code is the command_status; of kind Fail, Code is the
// message_state of the receipt (0: UNDELIV) and Words its err field. Status, which is of HTTP, answers ESME_RSYSERR. Slow with a long delay is a centre
// that never answers. NumberFaults is a table for people.
//
// Control over HTTP, for use from outside the process:
//
//	GET    /_sim/log       totals and entries; a part of a long message is an entry of its own
//	DELETE /_sim/log       forget them
//	GET    /_sim/faults    the faults that stand
//	POST   /_sim/faults    {"kind":"refuse","to":"*0001","code":11,"times":3}, or an array
//	DELETE /_sim/faults    forget them
//	POST   /_sim/inbound   {"from":"46700000001","to":"72323","text":"hi"}; answers when it was taken
//	POST   /_sim/drop      cut all connections
//	POST   /_sim/unbind    end all sessions politely
package smsc

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// Config is a Server's. Empty credentials take anybody.
type Config struct {
	SystemID string
	Password string
	// ReportAfter is the time from the accept to the receipt; 0 is 5 ms.
	ReportAfter time.Duration
	// RetryAfter is the time until what was not taken is sent again; 0 is 200 ms.
	RetryAfter time.Duration
	// TextReceipts leaves the optional parameters out of receipts, as old centres do.
	TextReceipts bool
	// IDForm is how ids differ between answers and receipts.
	IDForm coding.IDForm
	// Window is how many submits of one session may be unanswered; 0 is 1000.
	Window int
	// Faults stand from the start.
	Faults  []fault.Fault
	Journal journal.Options
	// Log is for what goes on inside; nil discards it.
	Log *slog.Logger
}

// Server is the simulation. Make it with New, Close it. As an http.Handler it is its control.
type Server struct {
	config  Config
	smpp    smpp.Server
	control *http.ServeMux
	faults  *fault.Plan
	journal *journal.Journal
	serial  atomic.Uint64

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	reports sync.WaitGroup
}

var _ http.Handler = (*Server)(nil)

// New makes a Server. The error is about Config.Faults.
func New(c Config) (*Server, error) {
	if c.ReportAfter == 0 {
		c.ReportAfter = 5 * time.Millisecond
	}
	if c.RetryAfter == 0 {
		c.RetryAfter = 200 * time.Millisecond
	}
	if c.Window == 0 {
		c.Window = 1000
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, faults: &fault.Plan{}, journal: journal.New(c.Journal)}
	if err := s.faults.Add(c.Faults...); err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.smpp = smpp.Server{
		SystemID: "SIMSMSC", Limits: smpp.Limits{Window: c.Window, Inbound: c.Window},
		Bind: s.bind, Submit: s.submit,
	}
	s.control = s.routes()
	return s, nil
}

// Serve accepts ESMEs until Close, and then returns nil.
func (s *Server) Serve(listener net.Listener) error { return s.smpp.Serve(listener) }

// Faults is the plan of what goes wrong.
func (s *Server) Faults() *fault.Plan { return s.faults }

// Journal is the record of what was submitted.
func (s *Server) Journal() *journal.Journal { return s.journal }

// Sessions gives the number of bound sessions.
func (s *Server) Sessions() int { return len(s.smpp.Sessions()) }

// Drop cuts all connections.
func (s *Server) Drop() {
	for _, session := range s.smpp.Sessions() {
		session.Drop()
	}
}

// Unbind ends all sessions politely, as far as ctx allows.
func (s *Server) Unbind(ctx context.Context) {
	var all sync.WaitGroup
	for _, session := range s.smpp.Sessions() {
		all.Go(func() {
			if err := session.Unbind(ctx); err != nil {
				s.config.Log.Debug("unbind", "error", err)
			}
		})
	}
	all.Wait()
}

// Close drops the receipts that wait and all connections, and returns when all goroutines of the Server are ended.
func (s *Server) Close() error {
	s.cancel()
	err := s.smpp.Close()
	s.reports.Wait()
	return err
}

func (s *Server) bind(_ context.Context, _ *smpp.Session, b *smpp.Bind) smpp.Status {
	if s.config.SystemID != "" && b.SystemID != s.config.SystemID {
		return smpp.StatusInvSysID
	}
	if s.config.Password != "" && subtle.ConstantTimeCompare([]byte(b.Password), []byte(s.config.Password)) != 1 {
		return smpp.StatusInvPaswd
	}
	return smpp.StatusOK
}

// NumberFaults is the table for people: whose number ends in 8 and a command_status of three decimal digits is refused with it (8011: invalid
// destination), in 7 and a message_state fails with it after the accept (7005: undeliverable), and in 9001 to 9010 gets what fault.ByNumber says.
func NumberFaults() []fault.Fault {
	faults := fault.ByNumber()
	for _, status := range []smpp.Status{
		smpp.StatusSysErr, smpp.StatusInvSrcAdr, smpp.StatusInvDstAdr, smpp.StatusMsgQFul, smpp.StatusSubmitFail, smpp.StatusThrottled,
		smpp.StatusRxTempAppn, smpp.StatusDeliveryFailure, smpp.StatusUnknownErr,
	} {
		faults = append(faults, fault.Fault{To: "*8" + threeDigits(int(status)), Kind: fault.Refuse, Code: int(status)})
	}
	for _, state := range []coding.State{coding.Expired, coding.Deleted, coding.Undeliverable, coding.Unknown, coding.Rejected} {
		faults = append(faults, fault.Fault{To: "*7" + threeDigits(int(state)), Kind: fault.Fail, Code: int(state)})
	}
	return faults
}

func threeDigits(n int) string { return strconv.Itoa(1000 + n)[1:] }
