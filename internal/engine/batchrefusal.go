package engine

import (
	"encoding/json"
	"errors"
	"net/http"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// refusalOf is how an error is shown to whom the batch belongs.
func refusalOf(err error) convapi.ErrorDetail {
	if one, ok := errors.AsType[*gateway.Error](err); ok && one.Code != gateway.Internal {
		text := one.Message
		if one.Field != "" {
			text = one.Field + ": " + text
		}
		return convapi.ErrorDetail{Code: refusalStatus(one.Code), Status: string(one.Code), Message: text}
	}
	if fields, ok := errors.AsType[convapi.FieldErrors](err); ok {
		return convapi.ErrorDetail{Code: refusalStatus(gateway.InvalidArgument), Status: string(gateway.InvalidArgument), Message: fields.Error()}
	}
	return convapi.ErrorDetail{Code: http.StatusInternalServerError, Status: string(gateway.Internal), Message: "internal error"}
}

// refusalStatus is the HTTP status that a single request would have had.
func refusalStatus(code gateway.Code) int {
	if code == gateway.NotFound {
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

// refusalReasons are the reasons that reports name for what refuses a recipient.
var refusalReasons = map[string]convapi.ReasonCode{
	string(gateway.NotFound): convapi.ReasonContactNotFound,
	string(gateway.Internal): convapi.ReasonInternalError,
}

// tellRefused reports that no message was made for a recipient, where one would have
// been reported on.
func (w *batchWork) tellRefused(tx *store.Tx, item store.BatchItem, detail convapi.ErrorDetail) error {
	a, known := w.engine.directory.app(w.row.App)
	if !known || w.row.Kind != store.BatchMessages || w.common.Request.CallbackURL == "" && !a.wants(convapi.TriggerMessageDelivery) {
		return nil
	}
	var one convapi.BatchRecipient
	if err := json.Unmarshal(item.Body, &one); err != nil {
		return err
	}
	req := w.common.Request.For(one, w.id.String(), nil)
	dispatch := a.resource.ProcessingMode == convapi.ModeDispatch || req.ProcessingStrategy == convapi.StrategyDispatchOnly
	report := &convapi.MessageDeliveryReport{
		Status: convapi.StatusFailed, Metadata: req.MessageMetadata, ProcessingMode: mode(dispatch),
		Reason:  &convapi.Reason{Code: convapi.ReasonBadRequest, SubCode: convapi.SubCodeUnspecified, Description: detail.Message},
		BatchID: w.id.String(), MessageIndex: &item.Number,
	}
	if code, ok := refusalReasons[detail.Status]; ok {
		report.Reason.Code = code
	}
	if by := one.Recipient.IdentifiedBy; by != nil {
		report.ChannelIdentity = normalize(a.resource.ID, by.ChannelIdentities)[0]
	} else {
		report.ContactID = one.Recipient.ContactID
		report.ChannelIdentity.Channel = a.first(req.ChannelPriorityOrder)
	}
	return w.engine.tell(tx, a, gateway.NewIDAt(w.id.Lane(), tx.Now), req.CallbackURL, convapi.Callback{
		EventTime: convapi.At(tx.Now), MessageDeliveryReport: report, CorrelationID: req.CorrelationID,
	})
}

// first is the channel that would have been tried first.
func (a *app) first(order []convapi.Channel) convapi.Channel {
	if len(order) > 0 {
		return order[0]
	}
	for _, credential := range a.resource.ChannelCredentials {
		return credential.Channel
	}
	return ""
}
