package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// seen marks a message from the person as read. Meta shows that the business
// writes only together with that: for 25 seconds, or until the next message.
type seen struct {
	MessagingProduct string  `json:"messaging_product"`
	Status           string  `json:"status"`
	MessageID        string  `json:"message_id"`
	TypingIndicator  *typing `json:"typing_indicator,omitempty"`
}

type typing struct {
	Type string `json:"type"`
}

// SendEvent hands over that a message was read, and that somebody writes. Both
// are about the person's last message.
func (a *adapter) SendEvent(ctx context.Context, e channel.OutboundEvent) error {
	body := seen{MessagingProduct: "whatsapp", Status: "read", MessageID: e.Last}
	switch {
	case e.Event.ReadMessageEvent != nil:
	case e.Event.ComposingEvent != nil:
		body.TypingIndicator = &typing{Type: "text"}
	default:
		return channel.NoEvent(convapi.ChannelWhatsApp)
	}
	if e.Last == "" {
		return &channel.Failure{Verdict: channel.Refuse, Reason: convapi.Reason{
			Code: convapi.ReasonBadRequest, SubCode: convapi.SubCodeUnspecified,
			Description: "the event is about the person's last message over WhatsApp, and there is none of the last 30 days",
		}}
	}
	answer, err := a.client.Do(ctx, rest.Call{
		Method: http.MethodPost, URL: a.base + "/" + a.phoneNumberID + "/messages", Header: a.bearer(), Body: body,
	})
	if err != nil {
		return err
	}
	if !answer.OK() {
		return a.classify(answer)
	}
	var done struct {
		Success bool `json:"success"`
	}
	if err := json.Unmarshal(answer.Body, &done); err != nil || !done.Success {
		f := a.client.Failure(answer, "an answer that does not say success")
		f.Err = errors.New("the answer to an accepted event cannot be read")
		return f
	}
	return nil
}
