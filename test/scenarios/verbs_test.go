package scenarios

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
)

// do carries out a line.
func (st *stage) do(l *line) {
	verbs := map[string]func(*line){
		"app": st.makeApp, "webhook": st.makeWebhook, "endpoint": st.makeEndpoint, "contact": st.makeContact, "template": st.template,
		"send": st.send, "event": st.event, "inject": st.inject, "ask": st.ask, "delete": st.delete, "merge": st.merge, "unify": st.unify, "expect": st.expect, "stop": st.end, "crash": st.end, "start": st.begin,
		"register": st.register, "insert": st.insert, "consent": st.setConsent,
		"batch": st.batch, "cancel": st.cancel,
		"end": func(*line) {},
	}
	verb, ok := verbs[l.word(0)]
	if !ok {
		if c := st.carriers[convapi.Channel(l.word(0))]; c != nil {
			verb, ok = func(l *line) { st.provider(c, l) }, true
		} else if e := st.internet.of(l.word(0)); e != nil {
			verb, ok = func(l *line) { st.endpoint(e, l) }, true
		}
	}
	if !ok {
		l.errorf(st, "nobody knows %q", l.word(0))
		return
	}
	if st.process == nil && slices.Contains([]string{"send", "event", "inject", "ask", "delete", "merge", "unify", "expect", "register", "insert", "consent", "batch", "cancel"}, l.word(0)) {
		l.errorf(st, "no gateway runs")
		return
	}
	verb(l)
}

// check reports an error of a line that should work.
func (st *stage) check(l *line, err error) {
	st.Helper()
	if err != nil {
		l.errorf(st, "%v", err)
	}
}

// setChannel changes what a channel can do.
func (st *stage) setChannel(l *line) {
	c := st.carriers[convapi.Channel(l.word(1))]
	if c == nil {
		l.errorf(st, "there is no such channel here")
		return
	}
	c.features.Concurrency = l.int(st, "concurrency", 0)
	c.policy = convapi.InDoubtPolicy(l.option("policy"))
	if v := l.option("assume"); v != "" {
		assume := v == "true"
		c.assume = &assume
	}
}

func (st *stage) makeApp(l *line) {
	app := convapi.App{
		DisplayName: "scenario", ProcessingMode: convapi.ModeConversation,
		ConversationMetadataReportView: convapi.MetadataReportView(l.option("metadata")),
	}
	if l.option("smart") == "true" {
		app.SmartConversation = &convapi.Enabled{Enabled: true}
	}
	if mode := l.option("mode"); mode != "" {
		app.ProcessingMode = convapi.ProcessingMode(mode)
	}
	if d := l.duration(st, "fallback"); d > 0 {
		app.DeliveryReportBasedFallback = &convapi.DeliveryReportBasedFallback{Enabled: true, DeliveryReportWaitingTime: int(d.Seconds())}
	}
	if d := l.duration(st, "retry"); d > 0 {
		app.MessageRetrySettings = &convapi.MessageRetrySettings{RetryDuration: int(d.Seconds())}
	}
	if days := l.int(st, "keep", 0); days > 0 {
		app.DispatchRetentionPolicy = &convapi.RetentionPolicy{RetentionType: convapi.RetentionMessageExpire, TTLDays: days}
	}
	if policy := l.option("policy"); policy != "" {
		app.RetentionPolicy = &convapi.RetentionPolicy{RetentionType: convapi.RetentionType(policy), TTLDays: l.int(st, "retain", 0)}
	} else if days := l.int(st, "retain", 0); days > 0 {
		app.RetentionPolicy = &convapi.RetentionPolicy{RetentionType: convapi.RetentionMessageExpire, TTLDays: days}
	}
	if secret := l.option("secret"); secret != "" {
		app.CallbackSettings = &convapi.CallbackSettings{SecretForOverriddenCallbackURLs: convapi.Secret(secret)}
	}
	for _, ch := range l.list("channels") {
		app.ChannelCredentials = append(app.ChannelCredentials, st.credential(convapi.Channel(ch)))
	}
	var err error
	st.app, err = st.process.engine.CreateApp(context.Background(), projectID, app)
	st.check(l, err)
}

func (st *stage) credential(ch convapi.Channel) convapi.ChannelCredential {
	c := convapi.ChannelCredential{Channel: ch}
	if known := st.carriers[ch]; known != nil {
		c.InDoubtPolicy, c.AssumeDelivered = known.policy, known.assume
	}
	switch ch {
	case convapi.ChannelTelegram:
		c.TelegramCredentials = &convapi.TelegramCredentials{Token: "token"}
	case convapi.ChannelMessenger:
		c.StaticToken = &convapi.StaticToken{Token: "token"}
	default:
		c.StaticBearer = &convapi.StaticBearer{ClaimedIdentity: "gateway", Token: "token"}
	}
	return c
}

func (st *stage) makeEndpoint(l *line) {
	st.internet.mu.Lock()
	defer st.internet.mu.Unlock()
	st.internet.endpoints[l.word(1)] = &endpoint{
		name: l.word(1), secret: l.option("secret"), show: l.list("show"), answer: newReply(200),
		bodies: make(map[string][]byte), taken: make(map[string]bool),
	}
}

func (st *stage) makeWebhook(l *line) {
	st.makeEndpoint(l)
	hook := convapi.Webhook{
		AppID: st.app.ID, Target: "http://" + l.word(1) + ".example/callbacks", TargetType: convapi.TargetHTTP, Secret: convapi.Secret(l.option("secret")),
	}
	for _, trigger := range l.list("triggers") {
		hook.Triggers = append(hook.Triggers, convapi.Trigger(trigger))
	}
	made, err := st.process.engine.CreateWebhook(context.Background(), projectID, hook)
	st.check(l, err)
	st.webhooks[l.word(1)] = made.ID
}

func (st *stage) makeContact(l *line) {
	made, err := st.process.engine.CreateContact(context.Background(), projectID, convapi.Contact{
		DisplayName: l.word(1), Language: convapi.LanguageUnspecified, ChannelIdentities: st.identities(l, l.word(2)),
	})
	st.check(l, err)
	st.contacts.put(l.word(1), made.ID)
}

// identities reads CHANNEL:identity,…
func (st *stage) identities(l *line, text string) (out []convapi.ChannelIdentity) {
	for _, one := range strings.Split(text, ",") {
		ch, identity, ok := strings.Cut(one, ":")
		if !ok {
			l.errorf(st, "%q is no contact and no CHANNEL:identity", one)
			return nil
		}
		id := convapi.ChannelIdentity{Channel: convapi.Channel(ch), Identity: identity}
		if id.Channel.AppScoped() {
			id.AppID = st.app.ID
		}
		out = append(out, id)
	}
	return out
}

// send is: send m1 to WHO "text".
func (st *stage) send(l *line) {
	req := st.request(l)
	var idem engine.Idempotency
	if key := l.option("key"); key != "" {
		body, err := json.Marshal(req)
		st.check(l, err)
		sum := sha256.Sum256(body)
		idem = engine.Idempotency{Key: key, Hash: sum[:]}
	}
	fails, replays := l.option("fails"), l.option("replays")
	answer, replayed, err := st.process.engine.Send(context.Background(), projectID, req, idem)
	switch {
	case fails != "":
		st.checkRefused(l, err, fails)
	case err != nil:
		l.errorf(st, "%v", err)
	case replayed != (replays != "") || replayed && answer.MessageID != st.messages.ids[replays]:
		l.errorf(st, "replayed %v with message %s", replayed, st.messages.name(answer.MessageID))
	case !replayed:
		st.messages.put(l.word(1), answer.MessageID)
	}
}

func (st *stage) request(l *line) *convapi.SendMessageRequest {
	text, _ := unquote(l.word(4))
	req := &convapi.SendMessageRequest{
		AppID: st.app.ID, Recipient: st.recipient(l), Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}},
		CallbackURL: l.option("url"), MessageContentType: convapi.MessageContentType(l.option("content")), MessageMetadata: l.option("metadata"), CorrelationID: l.option("correlation"),
		ProcessingStrategy: convapi.ProcessingStrategy(l.option("strategy")),
		TTL:                convapi.TTL(l.duration(st, "ttl").Seconds()),
	}
	for _, ch := range l.list("order") {
		req.ChannelPriorityOrder = append(req.ChannelPriorityOrder, convapi.Channel(ch))
	}
	if l.option("queue") == "high" {
		req.Queue = convapi.QueueHighPriority
	}
	if v := l.option("conversation"); v != "" {
		req.ConversationMetadata = json.RawMessage(v)
	}
	if choices := l.list("choices"); choices != nil {
		message := &convapi.ChoiceMessage{TextMessage: req.Message.TextMessage}
		for _, choice := range choices {
			message.Choices = append(message.Choices, convapi.Choice{TextMessage: &convapi.TextMessage{Text: choice}, PostbackData: choice})
		}
		req.Message = &convapi.AppMessage{ChoiceMessage: message}
	}
	if content := l.option("message"); content != "" {
		req.Message = new(convapi.AppMessage)
		st.check(l, convapi.Decode([]byte(content), req.Message))
	}
	st.templateMessage(l, req.Message)
	if l.has("answering") {
		req.Message.ReplyTo = &convapi.ReplyTo{MessageID: st.newestInbound(l)}
	}
	return req
}

// newestInbound is our id of the last message from a person.
func (st *stage) newestInbound(l *line) string {
	filter := engine.MessageFilter{AppID: st.app.ID, Direction: convapi.ToApp}
	list, _, err := st.process.engine.Messages(context.Background(), projectID, filter, engine.Page{Size: 1})
	if err != nil || len(list) == 0 {
		l.errorf(st, "there is no message from a person: %v", err)
		return ""
	}
	return list[0].ID
}

// recipient is the fourth word: a contact, or CHANNEL:identity,…
func (st *stage) recipient(l *line) *convapi.Recipient {
	if contact := st.contacts.ids[l.word(3)]; contact != "" {
		return &convapi.Recipient{ContactID: contact}
	}
	return &convapi.Recipient{IdentifiedBy: &convapi.IdentifiedBy{ChannelIdentities: st.identities(l, l.word(3))}}
}

func (st *stage) delete(l *line) {
	ctx, e := context.Background(), st.process.engine
	switch l.word(1) {
	case "app":
		st.check(l, e.DeleteApp(ctx, projectID, st.app.ID))
	case "event":
		st.check(l, e.DeleteEvent(ctx, projectID, st.messages.ids[l.word(2)]))
	case "contact":
		st.check(l, e.DeleteContact(ctx, projectID, st.contacts.ids[l.word(2)]))
	case "template":
		st.check(l, e.DeleteTemplate(ctx, projectID, l.word(2)))
	case "webhook":
		st.check(l, e.DeleteWebhook(ctx, projectID, st.webhooks[l.word(2)]))
	case "conversations":
		list, _, _, err := e.Conversations(ctx, projectID, engine.ConversationFilter{AppID: st.app.ID}, engine.Page{Size: 1000})
		st.check(l, err)
		for _, c := range list {
			st.check(l, e.DeleteConversation(ctx, projectID, c.ID))
		}
	default:
		l.errorf(st, "delete what?")
	}
}

// merge is: merge alice into bob.
func (st *stage) merge(l *line) {
	_, err := st.process.engine.MergeContact(context.Background(), projectID, st.contacts.ids[l.word(3)], convapi.MergeContactRequest{SourceID: st.contacts.ids[l.word(1)]})
	st.checkRefused(l, err, l.option("fails"))
}

// unify is: unify contacts [fails=].
func (st *stage) unify(l *line) {
	_, err := st.process.engine.UpdateSettings(context.Background(), projectID, func(s *convapi.ProjectSettings) {
		s.ContactSettings = &convapi.ContactSettings{UnifiedContactIDEnabled: true}
	})
	st.checkRefused(l, err, l.option("fails"))
}

// checkRefused reports an error that is not the wanted one.
func (st *stage) checkRefused(l *line, err error, fails string) {
	st.Helper()
	refused, ok := errors.AsType[*gateway.Error](err)
	if fails == "" && err != nil || fails != "" && (!ok || string(refused.Code) != fails) {
		l.errorf(st, "got %v, want %q", err, fails)
	}
}

// end is: stop, or crash.
func (st *stage) end(l *line) {
	if l.word(0) == "crash" {
		st.process.crash(st, st.outside)
	} else {
		st.process.stop(st, st.outside)
	}
	st.process = nil
}

func (st *stage) begin(*line) { st.process = st.start(st) }

// endpoint is what a customer's server does from now on.
func (st *stage) endpoint(e *endpoint, l *line) {
	var r reply
	switch l.word(1) + " " + l.word(2) {
	case "hangs ":
		r.hang = true
	case "is down":
		r.down = true
	default:
		r = parseReply(st, l)
	}
	st.internet.mu.Lock()
	defer st.internet.mu.Unlock()
	e.answer = r
}

// expect looks inside.
func (st *stage) expect(l *line) {
	what, last := l.word(1), l.words[len(l.words)-1]
	got, want := "", last
	ctx, e := context.Background(), st.process.engine
	page := engine.Page{Size: 1000}
	switch what {
	case "duplicates":
		got = strconv.Itoa(st.process.metric(st, "switchyard_duplicate_deliveries_total"))
	case "queued":
		got = strconv.Itoa(e.Queued())
	case "contacts":
		list, _, err := e.Contacts(ctx, projectID, engine.ContactFilter{}, page)
		st.check(l, err)
		got = strconv.Itoa(len(list))
	case "conversations":
		list, _, _, err := e.Conversations(ctx, projectID, engine.ConversationFilter{AppID: st.app.ID}, page)
		st.check(l, err)
		got = strconv.Itoa(len(list))
	case "messages":
		want = l.word(2)
		list, _, err := e.Messages(ctx, projectID, engine.MessageFilter{
			AppID: st.app.ID, Source: convapi.MessagesSource(l.word(3)), RecipientOriginated: l.option("only") == "originated",
			Direction: convapi.Direction(l.option("direction")), Identity: l.option("identity"),
		}, page)
		st.check(l, err)
		got = strconv.Itoa(len(list))
	case "events":
		want = l.word(2)
		got = strconv.Itoa(len(st.events(l, l.word(3))))
	case "batch":
		got, want = st.batchNow(l), strings.Join(l.words[3:], " ")
	case "credential":
		app, err := e.App(ctx, projectID, st.app.ID)
		st.check(l, err)
		for _, c := range app.ChannelCredentials {
			if string(c.Channel) == l.word(2) {
				got = string(c.State.Status)
			}
		}
	case "listed":
		got = st.listed(l)
	case "audits":
		got = st.audits(l)
	case "breaker":
		id, _ := gateway.ParseID(st.webhooks[l.word(2)])
		got = st.process.deliverer.Status(id).Breaker.Phase.String()
	case "dropped":
		got, want = st.dropped(l)
	case "rows":
		want = l.word(3)
		n, err := st.process.rows(ctx, l.word(2))
		st.check(l, err)
		got = strconv.Itoa(n)
	default:
		l.errorf(st, "expect what?")
	}
	if got != want {
		l.errorf(st, "got %s", got)
	}
}

// dropped is: expect dropped h 3 [reason].
func (st *stage) dropped(l *line) (got, want string) {
	id, _ := gateway.ParseID(st.webhooks[l.word(2)])
	list, err := st.process.db.Dropped(context.Background(), id, 1000)
	st.check(l, err)
	got, want = strconv.Itoa(len(list)), l.word(3)
	if reason := l.word(4); reason != "" {
		for _, d := range list {
			if d.Reason != reason {
				got += " " + d.Reason
			}
		}
	}
	return got, want
}
