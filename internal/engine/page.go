package engine

import (
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// A page token is the id of the last item before the page: opaque to clients,
// made of letters and digits only because some put it into a URL as it is, and
// stable when items are added or removed.

func token(id gateway.ID) string { return id.String() }

func openToken(text string) (gateway.ID, error) {
	if text == "" {
		return gateway.ID{}, nil
	}
	id, ok := gateway.ParseID(text)
	if !ok {
		return id, gateway.Invalid("page_token", "is not a token of this list")
	}
	return id, nil
}

// cut makes a page of rows, of which there may be more, and gives its token.
func cut[R any](rows []R, size int, id func(*R) gateway.ID) (page []R, next string) {
	if len(rows) <= size {
		return rows, ""
	}
	return rows[:size], token(id(&rows[size-1]))
}

func messageID(m *store.Message) gateway.ID { return m.ID }
