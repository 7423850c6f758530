package sms

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/lifecycle"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// Channel properties of a send request.
const (
	propertySender   = "SMS_SENDER"
	propertyMaxParts = "SMS_MAX_NUMBER_OF_MESSAGE_PARTS"
	propertyFlash    = "SMS_FLASH_MESSAGE"
)

const (
	defaultMaxParts = 10
	maxParts        = lifecycle.MaxParts // so many are told apart in reports; SMPP could number 255
)

// Send implements channel.Adapter: it submits the parts that are not done yet, one after the other, so that they arrive in order.
func (a *adapter) Send(ctx context.Context, m channel.Outbound) (channel.Receipt, error) {
	client := a.currentClient()
	if client == nil {
		return channel.Receipt{}, a.classify(&smpp.NotSentError{Err: smpp.ErrNotBound})
	}
	parts, err := a.parts(m)
	if err != nil {
		return channel.Receipt{}, err
	}
	receipt := channel.Receipt{Parts: len(parts)}
	for i := min(m.PartsDone, len(parts)); i < len(parts); i++ {
		sm := a.submit(m, parts[i], i)
		resp, err := client.Submit(ctx, sm)
		if err != nil {
			f := inContext(a.classify(err), err, m)
			a.learn(f, sm, err)
			f.Refs, f.Parts = receipt.Refs, len(parts)
			return channel.Receipt{}, f
		}
		receipt.Refs = append(receipt.Refs, a.ref(resp, m, i))
	}
	return receipt, nil
}

// submitFailRetries is how often ESME_RSUBMITFAIL is worth another try: it says nothing, and often means it for good.
const submitFailRetries = 2

// inContext corrects what a status means in general by what is known of the message.
func inContext(f *channel.Failure, err error, m channel.Outbound) *channel.Failure {
	refused, ok := errors.AsType[*smpp.StatusError](err)
	switch {
	case !ok:
	case refused.Status == smpp.StatusSubmitFail && m.Retries >= submitFailRetries:
		f.Verdict, f.RetryAfter = channel.Refuse, 0
	case f.Account && m.Properties[propertySender] != "":
		f.Account = false // it may be the sender that this one message names
	}
	return f
}

// parts cuts the text. The same message is always cut alike, so that a later attempt can go on where an earlier one ended.
func (a *adapter) parts(m channel.Outbound) ([]coding.Part, error) {
	limit := defaultMaxParts
	if p := m.Properties[propertyMaxParts]; p != "" {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > maxParts {
			return nil, refuse(convapi.ReasonBadRequest, fmt.Sprintf("%s must be a number from 1 to %d", propertyMaxParts, maxParts))
		}
		limit = n
	}
	parts, err := coding.Segment(m.Text, coding.Options{
		Alphabet: a.alphabet, Ref: hash16(m.MessageID), MaxParts: limit, Flash: strings.EqualFold(m.Properties[propertyFlash], "true"),
	})
	if errors.Is(err, coding.ErrTooManyParts) {
		return nil, refuse(convapi.ReasonMessageSplitRequired, fmt.Sprintf("the text needs more than %d parts", limit))
	}
	return parts, err
}

// submit builds the submit_sm of a part; i is its index.
func (a *adapter) submit(m channel.Outbound, part coding.Part, i int) *smpp.SubmitSM {
	sm := &smpp.SubmitSM{
		Source:             a.source(m),
		Destination:        smpp.Address{TON: tonInternational, NPI: npiE164, Addr: strings.TrimPrefix(m.Identity, "+")},
		RegisteredDelivery: smpp.RegisterAnyOutcome,
	}
	if !m.Expires.IsZero() {
		sm.ValidityPeriod = coding.RelativeValidity(max(time.Until(m.Expires), time.Second))
	}
	part.Apply(sm)
	if !a.plain.Load() {
		// The same in every attempt: a centre that looks at it can tell a repeated part from a new one.
		sm.TLVs = append(sm.TLVs, smpp.Uint16TLV(smpp.TagUserMessageReference, hash16(m.MessageID)+uint16(i)))
	}
	return sm
}

// learn looks for a centre that stumbles over the reference, which only helps: it gets none from now on, and the message another try.
func (a *adapter) learn(f *channel.Failure, sm *smpp.SubmitSM, err error) {
	var refused *smpp.StatusError
	if _, sent := sm.TLVs.Get(smpp.TagUserMessageReference); !sent || !errors.As(err, &refused) {
		return
	}
	if refused.Status >= smpp.StatusInvOptParStream && refused.Status <= smpp.StatusInvOptParamVal {
		a.plain.Store(true)
		f.Verdict = channel.Retry
	}
}

// ref is the id under which receipts will speak of part i. A centre that gives no id will send none, but the part still counts.
func (a *adapter) ref(resp *smpp.SubmitSMResp, m channel.Outbound, i int) string {
	if resp.MessageID == "" {
		return fmt.Sprintf("none:%s:%d", m.MessageID, i+1)
	}
	return a.idForm.FromAnswer(resp.MessageID)
}

// hash16 derives a reference from our id, so that attempts and restarts agree on it.
func hash16(id string) uint16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	sum := h.Sum32()
	return uint16(sum>>16) ^ uint16(sum)
}
