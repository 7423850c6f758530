// Package sim runs the simulated providers together, each on a listener of its
// own, with the tables that let a person choose what happens by the number
// that is written to. It must not know the gateway that uses them.
package sim

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"switchyard/internal/config"
	"switchyard/internal/sim/botapi"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
	"switchyard/internal/sim/smsc"
)

// Providers are the running simulations.
type Providers struct {
	SMSC   *smsc.Server
	Graph  *graph.Server
	BotAPI *botapi.Server

	// SMSCAddress is host:port for SMPP. The others are base URLs: of the
	// centre's control, and of APIs with their control below /_sim/.
	SMSCAddress    string
	SMSCControlURL string
	GraphURL       string
	BotAPIURL      string

	servers []*http.Server
	failed  chan error
}

// Start starts all of them; when it returns, they answer.
func Start(c config.Providers, log *slog.Logger) (_ *Providers, err error) {
	p := &Providers{failed: make(chan error, 4)}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.SMSC, err = smsc.New(smsc.Config{
		SystemID: c.SMSCSystemID, Password: c.SMSCPassword, ReportAfter: c.ReportAfter, Faults: smsc.NumberFaults(), Log: log,
	}); err != nil {
		return nil, err
	}
	if p.Graph, err = graph.New(graph.Config{
		PhoneNumberID: c.GraphPhoneNumberID, AccessToken: c.GraphAccessToken, AppSecret: c.GraphAppSecret,
		ReportAfter: c.ReportAfter, Faults: graph.NumberFaults(), Log: log,
	}); err != nil {
		return nil, err
	}
	if p.BotAPI, err = botapi.New(botapi.Config{Token: c.BotAPIToken, Faults: chatFaults(), Log: log}); err != nil {
		return nil, err
	}
	return p, p.listen(c, log)
}

// listen takes all addresses before anything is served.
func (p *Providers) listen(c config.Providers, log *slog.Logger) (err error) {
	var listeners []net.Listener
	for _, address := range []string{c.SMSCListen, c.SMSCControlListen, c.GraphListen, c.BotAPIListen} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return err
		}
		listeners = append(listeners, l)
	}
	p.SMSCAddress = listeners[0].Addr().String()
	go func() {
		if err := p.SMSC.Serve(listeners[0]); err != nil {
			p.failed <- err
		}
	}()
	p.SMSCControlURL = p.serve(listeners[1], p.SMSC, log)
	p.GraphURL = p.serve(listeners[2], p.Graph, log)
	p.BotAPIURL = p.serve(listeners[3], p.BotAPI, log)
	return nil
}

func (p *Providers) serve(l net.Listener, h http.Handler, log *slog.Logger) (url string) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	p.servers = append(p.servers, s)
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- err
		}
	}()
	return "http://" + l.Addr().String()
}

// Failed tells of a listener that broke.
func (p *Providers) Failed() <-chan error { return p.failed }

// Close ends everything. What was to be reported yet is dropped.
func (p *Providers) Close() {
	if p.Graph != nil {
		p.Graph.Close()
	}
	if p.BotAPI != nil {
		p.BotAPI.Close()
	}
	if p.SMSC != nil {
		p.SMSC.Close()
	}
	for _, s := range p.servers {
		s.Close()
	}
}

// blocked is the end of the chat ids of people who have blocked the bot.
const blocked = "8403"

// chatFaults are those of the Bot API: for everybody's table, and a person who
// has blocked the bot.
func chatFaults() []fault.Fault {
	return append(slices.Clone(fault.ByNumber()), fault.Fault{
		To: "*" + blocked, Kind: fault.Refuse, Code: http.StatusForbidden, Words: "Forbidden: bot was blocked by the user",
	})
}

// Ending is one row of the table for people: what happens to messages for
// recipients whose number ends so.
type Ending struct {
	Channel, Digits, Meaning string
}

// Endings are the ones worth showing first; the packages of the providers have
// all of them.
func Endings() []Ending {
	return []Ending{
		{"WhatsApp", "0131026", "refused: the recipient cannot be reached on WhatsApp (131026)"},
		{"WhatsApp", "0131047", "refused: more than 24 hours since the recipient's last message (131047)"},
		{"WhatsApp", "1131026", "accepted, then failed"},
		{"SMS", "8011", "refused: invalid destination (ESME_RINVDSTADR)"},
		{"SMS", "7005", "accepted, then undeliverable (UNDELIV)"},
		{"Telegram", blocked, "refused: the bot was blocked by the user"},
		{"any", "9001", "accepted and never reported"},
		{"any", "9002", "accepted and reported 30 s later"},
		{"any", "9007", "accepted, but the connection breaks before the answer"},
		{"any", "9009", "503 Service Unavailable, or a system error over SMPP"},
		{"any", "9010", "throttled, every time"},
	}
}
