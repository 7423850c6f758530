package rest

import (
	"encoding/json"

	"switchyard/convapi"
	"switchyard/internal/channel"
)

// InTurn hands the bodies of a message over one after the other, each when the
// one before was taken, from the first that no earlier attempt has handed over.
// send gives the provider's id of body i. The first failure ends it, and tells
// what was taken before.
func InTurn(m channel.Outbound, send func(i int, body json.RawMessage) (ref string, err error)) (channel.Receipt, error) {
	if len(m.Bodies) == 0 {
		return channel.Receipt{}, &channel.Failure{
			Verdict: channel.Refuse, Reason: reason(convapi.ReasonBadRequest, "the message has nothing for the channel"),
		}
	}
	receipt := channel.Receipt{Parts: len(m.Bodies)}
	for i := min(m.PartsDone, len(m.Bodies)); i < len(m.Bodies); i++ {
		ref, err := send(i, m.Bodies[i])
		if err != nil {
			f := *channel.AsFailure(err)
			f.Refs, f.Parts = receipt.Refs, receipt.Parts
			return channel.Receipt{}, &f
		}
		receipt.Refs = append(receipt.Refs, ref)
	}
	return receipt, nil
}

// Members reads a body to be completed. A body is a JSON object, but for one that
// a customer wrote; that is refused.
func Members(body json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, &channel.Failure{
			Verdict: channel.Refuse, Reason: reason(convapi.ReasonBadRequest, "the message's body is not a JSON object"), Err: err,
		}
	}
	return members, nil
}

// Quoted is a text as a JSON value.
func Quoted(text string) json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written
	}
	return quoted
}
