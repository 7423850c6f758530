package scenarios

import (
	"context"
	"strings"

	"switchyard/convapi"
	"switchyard/internal/engine"
)

// setConsent is: consent on | off [ignore=CANCEL,END] [language=de out=Schluss in=Los].
func (st *stage) setConsent(l *line) {
	enabled := l.word(1) == "on"
	settings := &convapi.ConsentSettings{Enabled: &enabled, Ignore: l.list("ignore")}
	if language := l.option("language"); language != "" {
		settings.Keywords = []convapi.ConsentKeywords{{Language: language, OptOut: l.list("out"), OptIn: l.list("in")}}
	}
	_, err := st.process.engine.UpdateApp(context.Background(), projectID, st.app.ID, func(a *convapi.App) error {
		a.ConsentSettings = settings
		return nil
	})
	st.check(l, err)
}

// register is: register opt-out|opt-in WHO channels=SMS [request=r1].
func (st *stage) register(l *line) {
	req := &convapi.OptRequest{AppID: st.app.ID, Recipient: &convapi.Recipient{}}
	if contact := st.contacts.ids[l.word(2)]; contact != "" {
		req.Recipient.ContactID = contact
	} else {
		req.Recipient.IdentifiedBy = &convapi.IdentifiedBy{ChannelIdentities: st.identities(l, l.word(2))}
	}
	for _, ch := range l.list("channels") {
		req.Channels = append(req.Channels, convapi.Channel(ch))
	}
	st.check(l, st.process.engine.RegisterOpt(context.Background(), projectID, l.word(1) == "opt-in", req, l.option("request")))
}

// insert is: insert LIST identity|contact …
func (st *stage) insert(l *line) {
	var records []engine.ConsentRecord
	for _, identity := range l.words[2:] {
		if contact := st.contacts.ids[identity]; contact != "" {
			identity = contact
		}
		records = append(records, engine.ConsentRecord{Identification: identity, List: convapi.ConsentList(l.word(1))})
	}
	st.check(l, st.process.engine.InsertConsents(context.Background(), projectID, st.app.ID, records))
}

// listed is: expect listed LIST identity,… | nobody.
func (st *stage) listed(l *line) string {
	var names []string
	page := engine.Page{Size: 2}
	for {
		list, next, err := st.process.engine.OptedOut(context.Background(), projectID, st.app.ID, convapi.ConsentList(l.word(2)), page)
		st.check(l, err)
		for _, one := range list {
			names = append(names, one.Identity)
		}
		if page.Token = next; next == "" {
			break
		}
	}
	if names == nil {
		return "nobody"
	}
	return strings.Join(names, ",")
}

// audits is: expect audits IDENTITY INSERT:MO:OPT_OUT_ALL,… | none.
func (st *stage) audits(l *line) string {
	answer, err := st.process.engine.ConsentAudits(context.Background(), projectID, st.app.ID, l.word(2))
	st.check(l, err)
	var all []string
	for _, a := range answer.AuditRecords {
		if a.ProjectID != projectID || a.AppID != st.app.ID || a.Datetime.IsZero() {
			l.errorf(st, "incomplete: %+v", a)
		}
		all = append(all, strings.TrimPrefix(string(a.Operation), "OPERATION_")+":"+strings.TrimPrefix(string(a.Origin), "ORIGIN_")+":"+string(a.ListType))
	}
	if all == nil {
		return "none"
	}
	return strings.Join(all, ",")
}
