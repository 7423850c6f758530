package engine

import "switchyard/internal/gateway"

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
