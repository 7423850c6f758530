package engine

import (
	"context"
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/transcode"
)

// previewID stands for our id of a message that is not sent.
const previewID = "{{message_id}}"

// Transcode shows what each channel would be sent of a message. A message that
// has no form on one of them is refused, with the channel and the reason.
func (e *Engine) Transcode(ctx context.Context, project string, req *convapi.TranscodeMessageRequest) (convapi.TranscodeMessageResponse, error) {
	resp := convapi.TranscodeMessageResponse{TranscodedMessage: map[convapi.Channel]string{}}
	if err := req.Validate(); err != nil {
		return resp, err
	}
	if _, err := e.appOf(ctx, project, req.AppID); err != nil {
		return resp, err
	}
	var wrong convapi.FieldErrors
	for i, ch := range req.Channels {
		text, err := preview(req.AppMessage, ch)
		if err != nil {
			wrong = append(wrong, &convapi.FieldError{Field: fmt.Sprintf("channels[%d]", i), Description: err.Error()})
		}
		resp.TranscodedMessage[ch] = text
	}
	if len(wrong) > 0 {
		return resp, wrong
	}
	return resp, nil
}

func preview(m *convapi.AppMessage, ch convapi.Channel) (string, error) {
	form, err := transcode.Native(m, ch, previewID)
	if err != nil {
		return "", err
	}
	return form.JSON()
}
