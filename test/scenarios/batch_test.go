package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/engine"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// nobody is a contact that does not exist.
const nobody = "01K00000000000000000000000"

// batch is: batch b1 to WHO|WHO "text".
func (st *stage) batch(l *line) {
	text, _ := unquote(l.word(4))
	req := &convapi.SendBatchRequest{
		AppID: st.app.ID, Message: &convapi.AppMessage{TextMessage: &convapi.TextMessage{Text: text}}, CallbackURL: l.option("url"),
	}
	if after := l.duration(st, "after"); after != 0 {
		req.SendAfter = convapi.At(time.Now().Add(after))
	}
	if v := l.option("metadata"); v != "" {
		req.MessageMetadata = json.RawMessage(v)
	}
	if v := l.option("conversation"); v != "" {
		req.ConversationMetadata = json.RawMessage(v)
	}
	if name, value, ok := strings.Cut(l.option("label"), ":"); ok {
		req.BatchMetadata = fmt.Appendf(nil, "{%q:%q}", name, value)
	}
	names := l.list("names")
	for i, who := range strings.Split(l.word(3), "|") {
		one := convapi.BatchRecipient{Recipient: &convapi.Recipient{ContactID: st.contacts.ids[who]}}
		switch {
		case who == "nobody":
			one.Recipient.ContactID = nobody
		case one.Recipient.ContactID == "":
			one.Recipient.IdentifiedBy = &convapi.IdentifiedBy{ChannelIdentities: st.identities(l, who)}
		}
		if i < len(names) {
			one.Parameters = map[string]string{"name": names[i]}
		}
		req.RecipientAndParams = append(req.RecipientAndParams, one)
	}
	answer, _, err := st.process.engine.SendBatch(context.Background(), projectID, req, engine.Idempotency{})
	if fails := l.option("fails"); fails != "" {
		one, isOne := errors.AsType[*gateway.Error](err)
		_, isForm := errors.AsType[convapi.FieldErrors](err)
		if !isForm && (!isOne || string(one.Code) != fails) {
			l.errorf(st, "got %v, want %s", err, fails)
		}
		return
	}
	st.check(l, err)
	st.batches.put(l.word(1), answer.BatchID)
}

// cancel is: cancel b1 | cancel label=a:b.
func (st *stage) cancel(l *line) {
	ctx, e := context.Background(), st.process.engine
	if name, value, ok := strings.Cut(l.option("label"), ":"); ok {
		st.check(l, e.CancelBatches(ctx, projectID, engine.BatchFilter{Label: name, Value: value}))
		return
	}
	st.check(l, e.CancelBatch(ctx, projectID, st.batches.ids[l.word(1)]))
}

// shownBatch is a status of a batch.
func (st *stage) shownBatch(b *convapi.BatchStatusUpdate) shown {
	what := "BATCH " + string(b.Status)
	if b.Status == convapi.BatchProcessed {
		what += fmt.Sprintf(" %d accepted %d refused", b.Accepted, b.Refused)
	}
	return shown{subject: st.batches.name(b.BatchID), what: what}
}

// batchNow is what the API shows of a batch.
func (st *stage) batchNow(l *line) string {
	b, err := st.process.engine.MessageBatch(context.Background(), projectID, st.batches.ids[l.word(2)])
	st.check(l, err)
	words := []string{string(b.Status), formatOffset(b.SendAfter.Sub(st.began)), fmt.Sprint(b.Accepted), fmt.Sprint(b.Refused)}
	for _, r := range b.Results {
		if r.Error != nil {
			words = append(words, fmt.Sprintf("%d:%s", r.Index, r.Error.Status))
		}
	}
	return strings.Join(words, " ")
}

// batchRows counts the batches, or the bodies that are kept of them.
func (p *process) batchRows(ctx context.Context, what string) (n int, err error) {
	const all = 1 << 20
	ended, err := p.db.OldBatches(ctx, gateway.ID{}, gateway.FirstID(time.UnixMilli(1<<48-1)), all)
	if err != nil {
		return 0, err
	}
	waiting, err := p.db.UnfinishedBatches(ctx, store.Batch{}, all)
	list := slices.Concat(ended, waiting)
	if err != nil || what == "batch" {
		return len(list), err
	}
	for _, row := range list {
		if _, found, err := p.db.BatchRequest(ctx, row.ID); err != nil {
			return n, err
		} else if found {
			n++
		}
		items, err := p.db.BatchItems(ctx, row.ID, -1, all)
		if err != nil {
			return n, err
		}
		for _, item := range items {
			if !item.Done() {
				n++
			}
		}
	}
	return n, nil
}

// named puts the names of batches in the place of their ids.
func (st *stage) named(text string) string {
	for id, name := range st.batches.by {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}
