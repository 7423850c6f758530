package engine

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// defaultPage is the size of a page for which a body names none.
const defaultPage = 10

// LastMessages gives the newest message of each identity or contact that the
// request lists, the newest first. Who has none is left out.
func (e *Engine) LastMessages(ctx context.Context, project string, req *convapi.FetchLastMessageRequest) ([]convapi.ConversationMessage, string, error) {
	if err := req.Validate(); err != nil {
		return nil, "", err
	}
	before, err := openToken(req.PageToken)
	if err != nil {
		return nil, "", err
	}
	f := MessageFilter{
		Source: req.MessagesSource, AppID: req.AppID, Channel: req.Channel, Direction: req.Direction,
		Start: req.StartTime.Time, End: req.EndTime.Time, WithoutMetadata: req.View == convapi.ViewWithoutMetadata,
	}
	query, err := e.messageQuery(ctx, project, f)
	if err != nil {
		return nil, "", err
	}
	var strands [][]store.Strand
	if len(req.ContactIDs) > 0 {
		strands, err = e.strandsOfContacts(ctx, project, f, req.ContactIDs)
	} else {
		strands, err = e.strandsOfIdentities(ctx, project, f, req.ChannelIdentities)
	}
	if err != nil {
		return nil, "", err
	}
	rows, err := e.lastOfEach(ctx, query, strands)
	if err != nil {
		return nil, "", err
	}
	if !before.IsZero() {
		rows = slices.DeleteFunc(rows, func(m store.Message) bool { return bytes.Compare(m.ID[:], before[:]) >= 0 })
	}
	rows, next := cut(rows, min(cmp.Or(req.PageSize, defaultPage), convapi.MaxMessagePage), messageID)
	list, err := e.showMessages(ctx, rows, f.WithoutMetadata)
	return list, next, err
}

// lastOfEach reads the newest message of each recipient, each once, the newest
// first.
func (e *Engine) lastOfEach(ctx context.Context, q store.MessageQuery, strands [][]store.Strand) ([]store.Message, error) {
	last, err := e.db.LastMessages(ctx, q, slices.Concat(strands...))
	if err != nil {
		return nil, err
	}
	var out []store.Message
	for _, of := range strands {
		newest := store.Message{}
		for _, m := range last[:len(of)] {
			if newestFirst(m, newest) < 0 {
				newest = m
			}
		}
		last = last[len(of):]
		if !newest.ID.IsZero() {
			out = append(out, newest)
		}
	}
	slices.SortFunc(out, newestFirst)
	return slices.CompactFunc(out, func(a, b store.Message) bool { return a.ID == b.ID }), nil
}

func newestFirst(a, b store.Message) int { return bytes.Compare(b.ID[:], a.ID[:]) }

// strandsOfContacts finds where the messages of each contact lie.
func (e *Engine) strandsOfContacts(ctx context.Context, project string, f MessageFilter, contacts []string) ([][]store.Strand, error) {
	ids := make([]gateway.ID, len(contacts))
	for i, text := range contacts {
		ids[i], _ = gateway.ParseID(text) // zero names nobody
	}
	app, known := filterApp(f)
	if !known {
		return nil, nil
	}
	conversations, err := e.db.ConversationsOf(ctx, project, ids, app, maxThreads)
	if err != nil {
		return nil, err
	}
	out := make([][]store.Strand, len(ids))
	for i, list := range conversations {
		for _, c := range list {
			out[i] = append(out[i], store.Strand{Thread: c.ID})
		}
	}
	return out, nil
}

// strandsOfIdentities finds where the messages of each identity lie: in the
// conversations of the contacts that have it, or in DISPATCH mode in its own
// thread with each app.
func (e *Engine) strandsOfIdentities(ctx context.Context, project string, f MessageFilter, texts []string) ([][]store.Strand, error) {
	app, known := filterApp(f)
	if !known {
		return nil, nil
	}
	channels := f.channels()
	out := make([][]store.Strand, len(texts))
	var spelled []string
	var of []int // whose spelling it is
	for i, text := range texts {
		for _, s := range spellings(channels, text) {
			spelled, of = append(spelled, s), append(of, i)
		}
	}
	var found [][]store.Strand
	if f.Source == convapi.SourceDispatch {
		found = e.strandsOfDispatch(project, app, spelled)
	} else {
		var err error
		if found, err = e.strandsOfPeople(ctx, project, app, channels, spelled); err != nil {
			return nil, err
		}
	}
	for n, strands := range found {
		out[of[n]] = append(out[of[n]], strands...)
	}
	return out, nil
}

// strandsOfDispatch gives the threads of identities with an app, or with all.
func (e *Engine) strandsOfDispatch(project string, app gateway.ID, identities []string) [][]store.Strand {
	out := make([][]store.Strand, len(identities))
	for i, identity := range identities {
		for _, a := range e.directory.appsOf(project) {
			if app.IsZero() || app == a.id {
				out[i] = append(out[i], store.Strand{Thread: store.DispatchThread(a.id, identity)})
			}
		}
	}
	return out
}

// strandsOfPeople finds what the conversations of the contacts that have the
// identities hold of these.
func (e *Engine) strandsOfPeople(ctx context.Context, project string, app gateway.ID, channels []convapi.Channel, identities []string) ([][]store.Strand, error) {
	names := make([]string, len(channels))
	for i, ch := range channels {
		names[i] = string(ch)
	}
	rows, err := e.db.IdentitiesOf(ctx, project, names, identities)
	if err != nil {
		return nil, err
	}
	var contacts []gateway.ID
	var of []int // whose contact it is
	for i, list := range rows {
		first := len(contacts)
		for _, row := range list {
			for _, id := range row.Contacts {
				if !slices.Contains(contacts[first:], id) {
					contacts, of = append(contacts, id), append(of, i)
				}
			}
		}
	}
	conversations, err := e.db.ConversationsOf(ctx, project, contacts, app, maxThreads)
	if err != nil {
		return nil, err
	}
	out := make([][]store.Strand, len(identities))
	for n, list := range conversations {
		i := of[n]
		for _, c := range list {
			out[i] = append(out[i], store.Strand{Thread: c.ID, Identity: identities[i]})
		}
	}
	return out, nil
}

// spellings are the forms that an identity is stored in on the channels, each
// once.
func spellings(channels []convapi.Channel, text string) (out []string) {
	for _, ch := range channels {
		if s := convapi.NormalizeIdentity(ch, text); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// filterApp gives the app of a filter, zero for all; false if it names none.
func filterApp(f MessageFilter) (app gateway.ID, known bool) {
	if f.AppID == "" {
		return app, true
	}
	return gateway.ParseID(f.AppID)
}
