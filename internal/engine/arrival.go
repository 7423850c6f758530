package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// arrival is what the row of something that was not sent from here keeps in the
// place of a plan. A plan decoded from it has no hops, so that no report has an
// effect on it.
type arrival struct {
	// Ref is the provider's id of a message from a person.
	Ref      string `json:"ref,omitempty"`
	Injected bool   `json:"injected,omitempty"`
}

func (a arrival) encode() ([]byte, error) { return json.Marshal(a) }

// arrivalOf reads what encode wrote; of something that was sent it is the zero
// arrival.
func arrivalOf(row store.Message) (a arrival, err error) {
	if err := json.Unmarshal(row.Plan, &a); err != nil {
		return a, fmt.Errorf("message %s: %w", row.ID, err)
	}
	return a, nil
}

// quotedFor is how long a message can be quoted (contract: the mapping is kept for
// 96 hours).
const quotedFor = 96 * time.Hour

// quote gives the provider's id of the message that another one answers over a
// hop; "" if it answers none that can be quoted there.
func (e *Engine) quote(c *change, m *convapi.AppMessage, to hop) (string, error) {
	if m.ReplyTo == nil {
		return "", nil
	}
	id, ok := gateway.ParseID(m.ReplyTo.MessageID)
	if !ok || c.tx.Now.Sub(id.Time()) > quotedFor {
		return "", nil
	}
	return e.quotable(c.tx, m.ReplyTo.MessageID, c.row.App, to)
}

// quotable gives the provider's id of a message from a person, by our own id of
// it, for the channel of a hop to refer to. It is "" for a message that is not
// known or has none, and for one that came from somebody else, over another
// channel or to another app.
func (e *Engine) quotable(tx *store.Tx, id string, app gateway.ID, to hop) (ref string, err error) {
	key, ok := gateway.ParseID(id)
	if !ok {
		return "", nil
	}
	row, found, err := tx.Message(key)
	if err != nil || !found || !row.ToApp || row.App != app || row.Channel != string(to.Channel) || row.Identity != to.Identity {
		return "", err
	}
	a, err := arrivalOf(row)
	return a.Ref, err
}
