package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"switchyard/internal/channel"
	"switchyard/internal/channel/rest"
)

// maxText is in characters (Cloud API, text messages).
const maxText = 4096

// outgoing is a text message to Meta.
type outgoing struct {
	MessagingProduct string `json:"messaging_product"`
	RecipientType    string `json:"recipient_type"`
	To               string `json:"to,omitempty"`
	Recipient        string `json:"recipient,omitempty"`
	Type             string `json:"type"`
	Text             text   `json:"text"`
	Opaque           string `json:"biz_opaque_callback_data,omitempty"`
}

type text struct {
	Body string `json:"body"`
}

// accepted is Meta's answer to a message that it takes.
type accepted struct {
	Messages []struct {
		ID string `json:"id"`
	} `json:"messages"`
}

// Send hands a text over. A 200 says only that Meta has it; the statuses tell
// the rest, and carry our message id.
func (a *adapter) Send(ctx context.Context, m channel.Outbound) (channel.Receipt, error) {
	if f := rest.CheckText("WhatsApp", m.Text, maxText); f != nil {
		return channel.Receipt{}, f
	}
	answer, err := a.client.Do(ctx, rest.Call{
		Method: http.MethodPost,
		URL:    a.base + "/" + a.phoneNumberID + "/messages",
		Header: a.bearer(),
		Body:   compose(m),
	})
	if err != nil {
		return channel.Receipt{}, err
	}
	if !answer.OK() {
		return channel.Receipt{}, a.classify(answer)
	}
	var ok accepted
	if err := json.Unmarshal(answer.Body, &ok); err != nil || len(ok.Messages) == 0 || ok.Messages[0].ID == "" {
		f := a.client.Failure(answer, "an acceptance without a message id")
		f.Err = errors.New("the answer to an accepted message cannot be read")
		return channel.Receipt{}, f
	}
	return channel.Receipt{Refs: []string{ok.Messages[0].ID}, Parts: 1}, nil
}

// compose addresses phone numbers by to and everything else by recipient: a
// business-scoped user id in to is answered with 200 and then lost.
func compose(m channel.Outbound) outgoing {
	out := outgoing{
		MessagingProduct: "whatsapp",
		RecipientType:    "individual",
		Type:             "text",
		Text:             text{Body: m.Text},
		Opaque:           m.MessageID,
	}
	if number := strings.TrimPrefix(m.Identity, "+"); digits(number) {
		out.To = number
	} else {
		out.Recipient = m.Identity
	}
	return out
}
