package engine

import (
	"encoding/json"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/routing"
)

// plan is what was decided when a message was accepted, as its row keeps it. It
// never changes.
type plan struct {
	Hops        []hop             `json:"hops"`
	Expires     time.Time         `json:"expires,omitzero"`
	ReportWait  int               `json:"report_wait,omitempty"` // seconds
	RetryFor    int               `json:"retry_for"`             // seconds
	CallbackURL string            `json:"callback_url,omitempty"`
	Correlation string            `json:"correlation,omitempty"`
	Properties  map[string]string `json:"properties,omitempty"`
	High        bool              `json:"high,omitempty"`  // HIGH_PRIORITY
	Trace       string            `json:"trace,omitempty"` // traceparent of the acceptance
	// Content is what the message is for; "" is CONTENT_UNKNOWN.
	Content convapi.MessageContentType `json:"content,omitempty"`

	rules lifecycle.Plan // the part that the state machine knows
}

// hop is a planned channel with what its account promised at that time.
type hop struct {
	Channel   convapi.Channel `json:"channel"`
	Identity  string          `json:"identity"`
	Scope     string          `json:"scope,omitempty"`
	Reports   bool            `json:"reports,omitempty"`
	Assume    bool            `json:"assume,omitempty"`
	Resend    bool            `json:"resend,omitempty"`
	DoubtWait int             `json:"doubt_wait,omitempty"` // seconds
	Fault     *convapi.Reason `json:"fault,omitempty"`
}

func (h hop) channelIdentity() convapi.ChannelIdentity {
	return convapi.ChannelIdentity{Channel: h.Channel, Identity: h.Identity, AppID: h.Scope}
}

// newPlan completes what routing has chosen with the app's settings.
func (e *Engine) newPlan(a *app, hops []routing.Hop, req *convapi.SendMessageRequest, now time.Time) *plan {
	p := &plan{
		RetryFor:    a.resource.MessageRetrySettings.RetryDuration,
		CallbackURL: req.CallbackURL, Correlation: req.CorrelationID, Properties: req.ChannelProperties,
		High: req.Queue == convapi.QueueHighPriority,
	}
	if req.MessageContentType != convapi.ContentUnknown {
		p.Content = req.MessageContentType
	}
	if req.TTL > 0 {
		p.Expires = expiry(now, req.TTL)
	}
	if f := a.resource.DeliveryReportBasedFallback; f.Enabled {
		p.ReportWait = f.DeliveryReportWaitingTime
		if p.ReportWait == 0 {
			p.ReportWait = defaultReportWait
		}
	}
	for _, h := range hops {
		p.Hops = append(p.Hops, e.newHop(a, h))
	}
	p.rule()
	return p
}

// defaultReportWait is used when the fallback is on without a waiting time,
// which the contract allows without naming a default: its older documents had
// 60 s as the least, in seconds.
const defaultReportWait = 60

// expiry adds a ttl, which may be longer than time.Duration can say.
func expiry(now time.Time, ttl convapi.TTL) time.Time {
	return time.UnixMicro(now.UnixMicro()).UTC().Add(ttl.Duration())
}

func (e *Engine) newHop(a *app, r routing.Hop) hop {
	h := hop{Channel: r.Channel, Identity: r.Identity, Scope: r.AppScope, Fault: r.Fault}
	d, built := e.definitions[r.Channel]
	_, credential := a.credential(r.Channel)
	if !built {
		if h.Fault == nil {
			h.Fault = &convapi.Reason{
				Code: convapi.ReasonUnsupportedOperation, SubCode: convapi.SubCodeUnspecified,
				Description: "this gateway cannot send over " + string(r.Channel) + " yet",
			}
		}
		return h
	}
	h.Reports, h.Assume = d.Features.ReportsDelivered, d.Features.AssumeDelivered
	h.DoubtWait = int(d.Features.DoubtWait / time.Second)
	if credential != nil {
		h.Resend = credential.InDoubtPolicy == convapi.InDoubtResend
		if credential.AssumeDelivered != nil {
			h.Assume = *credential.AssumeDelivered
		}
	}
	return h
}

// credential finds the app's first credential of a channel; its index is the
// account's name within the app.
func (a *app) credential(ch convapi.Channel) (int, *convapi.ChannelCredential) {
	for i := range a.resource.ChannelCredentials {
		if c := &a.resource.ChannelCredentials[i]; c.Channel == ch {
			return i, c
		}
	}
	return -1, nil
}

// rule fills in the rules.
func (p *plan) rule() {
	p.rules = lifecycle.Plan{
		Expires: p.Expires, ReportWait: time.Duration(p.ReportWait) * time.Second, RetryFor: time.Duration(p.RetryFor) * time.Second,
		Hops: make([]lifecycle.Hop, len(p.Hops)),
	}
	for i, h := range p.Hops {
		p.rules.Hops[i] = lifecycle.Hop{
			Reports: h.Reports, Assume: h.Assume, Resend: h.Resend,
			DoubtWait: time.Duration(h.DoubtWait) * time.Second, Fault: h.Fault,
		}
	}
}

func (p *plan) encode() ([]byte, error) { return json.Marshal(p) }

func decodePlan(data []byte) (*plan, error) {
	p := new(plan)
	if err := json.Unmarshal(data, p); err != nil {
		return nil, err
	}
	p.rule()
	return p, nil
}

// course is what does not change of a message under way, decoded.
type course struct {
	plan *plan
	// message is as the customer sent it, outgoing as it is sent on; nil as long
	// as nobody has asked for them, and with an event.
	message, outgoing *convapi.AppMessage
	// subject is the recipient of a hop to the opt-out lists; zero as long as
	// nobody has asked for it.
	subject    gateway.ID
	subjectHop int
}

// courses keeps those of the messages that moved last, so that not each of a
// message's steps decodes them. It belongs to the operations, which run one
// after the other.
type courses struct{ newer, older map[gateway.ID]*course }

// keptCourses is how many are kept, at most twice over, and keptContent how
// long the content of a message may be to be kept with it.
const (
	keptCourses = 512
	keptContent = 2048
)

func newCourses() courses {
	return courses{make(map[gateway.ID]*course), make(map[gateway.ID]*course)}
}

func (c *courses) get(id gateway.ID) *course {
	if found := c.newer[id]; found != nil {
		return found
	}
	found := c.older[id]
	if found != nil {
		c.put(id, found)
	}
	return found
}

func (c *courses) put(id gateway.ID, new *course) {
	if len(c.newer) >= keptCourses {
		clear(c.older)
		c.newer, c.older = c.older, c.newer
	}
	c.newer[id] = new
}
