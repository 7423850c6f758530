package engine

import (
	"encoding/json"

	"switchyard/internal/channel"
	"switchyard/internal/gateway"
	"switchyard/internal/lifecycle"
	"switchyard/internal/store"
)

// outcome is the operation that records what came of the attempt, with the
// provider's ids, and with the reports on those ids that were faster.
func (t *attempt) outcome(receipt channel.Receipt, failure *channel.Failure) store.Op {
	refs := receipt.Refs
	if failure != nil {
		refs = failure.Refs
	}
	return store.Op{
		Trace: t.trace,
		Want: []func(*store.Tx){func(tx *store.Tx) {
			tx.WantMessage(t.row.ID)
			tx.Contents.Want(t.row.ID)
			if !t.row.Conversation.IsZero() {
				tx.Conversations.Want(t.row.Conversation)
			}
			for _, ref := range refs {
				tx.Held.Want(t.refKey(ref))
			}
		}},
		Run: func(tx *store.Tx) error {
			c, err := t.account.engine.open(tx, t.row.ID)
			if err != nil || c == nil {
				return err // deleted meanwhile
			}
			if t.answer != nil {
				return c.conclude(*t.answer)
			}
			if err := c.apply(t.signal(receipt, failure)); err != nil {
				return err
			}
			return t.keepRefs(tx, refs)
		},
	}
}

func (t *attempt) signal(receipt channel.Receipt, failure *channel.Failure) lifecycle.Signal {
	if failure == nil {
		return lifecycle.Accepted{Hop: t.hop, Attempt: t.number, Parts: max(1, receipt.Parts), Now: max(1, len(receipt.Refs))}
	}
	refused := lifecycle.Refused{
		Hop: t.hop, Attempt: t.number, Reason: failure.Reason, RetryAfter: failure.RetryAfter,
		Parts: failure.Parts, Now: len(failure.Refs),
	}
	switch failure.Verdict {
	case channel.Retry:
		refused.Verdict = lifecycle.Retry
	case channel.Refuse:
		refused.Verdict = lifecycle.Refuse
	case channel.Abort:
		refused.Verdict = lifecycle.Abort
	default:
		return lifecycle.Lost{Hop: t.hop, Attempt: t.number, Parts: failure.Parts, Now: len(failure.Refs)}
	}
	return refused
}

func (t *attempt) refKey(ref string) store.RefKey {
	return store.RefKey{Channel: string(t.account.channel), App: t.row.App, Ref: ref}
}

// keepRefs makes the provider's ids known and applies what was reported on
// them before.
func (t *attempt) keepRefs(tx *store.Tx, refs []string) error {
	for i, ref := range refs {
		key := t.refKey(ref)
		r := store.Ref{RefKey: key, Message: t.row.ID, Hop: t.hop, Part: t.outbound.PartsDone + i}
		tx.Refs.Put(r)
		held, found, err := tx.Held.Get(key)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		tx.Held.Delete(key)
		var reports []channel.Report
		if err := json.Unmarshal(held.Reports, &reports); err != nil {
			return err
		}
		for _, report := range reports {
			if err := t.account.engine.report(tx, r.Message, r.Hop, r.Part, report); err != nil {
				return err
			}
		}
	}
	return nil
}

// report applies a provider's word to a message.
func (e *Engine) report(tx *store.Tx, id gateway.ID, hop, part int, r channel.Report) error {
	c, err := e.open(tx, id)
	if err != nil || c == nil {
		return err
	}
	status, ok := reportStatus[r.Status]
	if !ok {
		return nil
	}
	c.eventTime = r.At
	cause := tx.Trace
	tx.Trace = c.traceReport(cause, hop, r)
	err = c.apply(lifecycle.Reported{Hop: hop, Part: part, Parts: r.Parts, Status: status, Reason: r.Reason})
	tx.Trace = cause
	return err
}
