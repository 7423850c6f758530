package engine

import (
	"context"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// RecentConversations lists an app's conversations by the time of their last
// message, with that message, and counts them all. One that has none counts as
// the oldest.
func (e *Engine) RecentConversations(ctx context.Context, project string, f RecentFilter, p Page) (list []convapi.RecentConversation, next string, total int, err error) {
	a, err := e.appOf(ctx, project, f.AppID)
	if err != nil {
		return nil, "", 0, err
	}
	query := store.ConversationQuery{Project: project, App: a.id, OnlyActive: f.OnlyActive}
	behind, err := openPlace(p.Token)
	if err != nil {
		return nil, "", 0, err
	}
	rows, err := e.db.RecentConversations(ctx, query, f.OldestFirst, behind, p.Size+1)
	if err != nil {
		return nil, "", 0, err
	}
	if len(rows) > p.Size {
		rows = rows[:p.Size]
		last := rows[p.Size-1]
		next = place(store.Recency{LastReceived: last.LastReceived, ID: last.ID})
	}
	if list, err = e.withLast(ctx, rows); err != nil {
		return nil, "", 0, err
	}
	total, err = e.db.CountConversations(ctx, query)
	return list, next, total, err
}

// withLast reads the last message of each conversation.
func (e *Engine) withLast(ctx context.Context, rows []store.Conversation) ([]convapi.RecentConversation, error) {
	strands := make([]store.Strand, len(rows))
	for i, c := range rows {
		strands[i].Thread = c.ID
	}
	last, err := e.db.LastMessages(ctx, store.MessageQuery{}, strands)
	if err != nil {
		return nil, err
	}
	contents, err := e.contentsOf(ctx, last)
	if err != nil {
		return nil, err
	}
	list := make([]convapi.RecentConversation, len(rows))
	for i, c := range rows {
		list[i].Conversation = showConversation(c)
		if content, found := contents[last[i].ID]; found {
			shown, err := showMessage(last[i], content)
			if err != nil {
				return nil, err
			}
			list[i].LastMessage = &shown
		}
	}
	return list, nil
}

// place is a page token of a list that moves: the time and the id of the last
// item before the page.
func place(r store.Recency) string {
	at := int64(0)
	if !r.LastReceived.IsZero() {
		at = r.LastReceived.UnixMicro()
	}
	return strconv.FormatInt(at, 36) + "-" + r.ID.String()
}

func openPlace(text string) (*store.Recency, error) {
	if text == "" {
		return nil, nil
	}
	at, id, _ := strings.Cut(text, "-")
	us, err := strconv.ParseInt(at, 36, 64)
	parsed, ok := gateway.ParseID(id)
	if err != nil || us < 0 || !ok {
		return nil, gateway.Invalid("page_token", "is not a token of this list")
	}
	r := &store.Recency{ID: parsed}
	if us > 0 {
		r.LastReceived = time.UnixMicro(us).UTC()
	}
	return r, nil
}
