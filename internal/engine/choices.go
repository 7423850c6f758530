package engine

import (
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/transcode"
)

// choiceIn is what a conversation keeps of a message to the person.
func choiceIn(id gateway.ID, m *convapi.AppMessage) gateway.ID {
	if m == nil || !transcode.Answerable(m) {
		return gateway.ID{}
	}
	return id
}

// tapped is the answer of a button, with what the sender gave it to answer with.
func tapped(original store.Content, ch convapi.Channel, returned string) (*convapi.ChoiceResponseMessage, error) {
	answer := &convapi.ChoiceResponseMessage{MessageID: original.ID.String(), PostbackData: returned}
	if !transcode.IsKey(returned) {
		return answer, nil
	}
	m, err := sentAs(original)
	if err != nil {
		return nil, err
	}
	answer.PostbackData = transcode.Postback(m, ch, answer.MessageID, returned)
	return answer, nil
}

// answered says which choice of the last message to the person a text means, on a
// channel where choices are texts; nil if none.
func answered(tx *store.Tx, o *origin, text string) (*convapi.ChoiceResponseMessage, store.Content, error) {
	if !transcode.AnsweredByText(o.identity.Channel) {
		return nil, store.Content{}, nil
	}
	original, found, err := tx.Contents.Get(o.choice)
	if err != nil || !found {
		return nil, original, err
	}
	m, err := sentAs(original)
	if err != nil {
		return nil, original, err
	}
	postback, ok := transcode.Answer(m, o.identity.Channel, original.ID.String(), text)
	if !ok {
		return nil, original, nil
	}
	return &convapi.ChoiceResponseMessage{MessageID: original.ID.String(), PostbackData: postback}, original, nil
}

// sentAs is a message as it went out.
func sentAs(c store.Content) (*convapi.AppMessage, error) {
	body := c.Body
	if len(c.Resolved) > 0 {
		body = c.Resolved
	}
	m, err := readMessage(body)
	if err != nil {
		return nil, fmt.Errorf("content of message %s: %w", c.ID, err)
	}
	return m, nil
}
