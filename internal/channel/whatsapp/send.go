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

// accepted is Meta's answer to a message that it takes.
type accepted struct {
	Messages []struct {
		ID string `json:"id"`
	} `json:"messages"`
}

// Send hands a message over, part by part. A 200 says only that Meta has it; the
// statuses tell the rest, and carry our message id.
func (a *adapter) Send(ctx context.Context, m channel.Outbound) (channel.Receipt, error) {
	return rest.InTurn(m, func(i int, body json.RawMessage) (string, error) {
		request, err := complete(m, i, body)
		if err != nil {
			return "", err
		}
		return a.submit(ctx, request)
	})
}

func (a *adapter) submit(ctx context.Context, body any) (string, error) {
	answer, err := a.client.Do(ctx, rest.Call{
		Method: http.MethodPost,
		URL:    a.base + "/" + a.phoneNumberID + "/messages",
		Header: a.bearer(),
		Body:   body,
	})
	if err != nil {
		return "", err
	}
	if !answer.OK() {
		return "", a.classify(answer)
	}
	var ok accepted
	if err := json.Unmarshal(answer.Body, &ok); err != nil || len(ok.Messages) == 0 || ok.Messages[0].ID == "" {
		f := a.client.Failure(answer, "an acceptance without a message id")
		f.Err = errors.New("the answer to an accepted message cannot be read")
		return "", f
	}
	return ok.Messages[0].ID, nil
}

// complete adds to a body what only the account and the attempt know. It
// addresses phone numbers by to and everything else by recipient: a
// business-scoped user id in to is answered with 200 and then lost. The first
// part quotes what the message answers.
func complete(m channel.Outbound, i int, body json.RawMessage) (map[string]json.RawMessage, error) {
	members, err := rest.Members(body)
	if err != nil {
		return nil, err
	}
	delete(members, "to")
	delete(members, "recipient")
	if number := strings.TrimPrefix(m.Identity, "+"); digits(number) {
		members["to"] = rest.Quoted(number)
	} else {
		members["recipient"] = rest.Quoted(m.Identity)
	}
	members["messaging_product"] = rest.Quoted("whatsapp")
	members["biz_opaque_callback_data"] = rest.Quoted(m.Reference(i))
	if _, own := members["context"]; m.Quote != "" && i == 0 && !own {
		members["context"] = json.RawMessage(`{"message_id":` + string(rest.Quoted(m.Quote)) + `}`)
	}
	return members, nil
}
