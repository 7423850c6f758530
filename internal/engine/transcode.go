package engine

import (
	"context"
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/store"
	"switchyard/internal/template"
	"switchyard/internal/transcode"
)

// previewID stands for our id of a message that is not sent.
const previewID = "{{message_id}}"

// Transcode shows what each channel would be sent of a message, with what its
// omni templates say now. A message that has no form on one of the channels is
// refused, with the channel and the reason.
func (e *Engine) Transcode(ctx context.Context, project string, req *convapi.TranscodeMessageRequest) (convapi.TranscodeMessageResponse, error) {
	resp := convapi.TranscodeMessageResponse{TranscodedMessage: map[convapi.Channel]string{}}
	if err := req.Validate(); err != nil {
		return resp, err
	}
	if _, err := e.appOf(ctx, project, req.AppID); err != nil {
		return resp, err
	}
	message, faults, err := e.resolvePreview(ctx, project, req)
	if err != nil {
		return resp, err
	}
	var wrong convapi.FieldErrors
	for i, ch := range req.Channels {
		text, err := preview(message, faults, ch)
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

// resolvePreview reads the templates beside the writer.
func (e *Engine) resolvePreview(ctx context.Context, project string, req *convapi.TranscodeMessageRequest) (*convapi.AppMessage, map[convapi.Channel]template.Fault, error) {
	references := template.References(req.AppMessage)
	if len(references) == 0 {
		return req.AppMessage, nil, nil
	}
	known, err := templates(project, references, func(key store.TemplateKey) (store.Template, bool, error) { return e.db.Template(ctx, key) })
	if err != nil {
		return nil, nil, err
	}
	message, faults := template.Resolve(req.AppMessage, req.Channels, known)
	return message, faults, nil
}

func preview(m *convapi.AppMessage, faults map[convapi.Channel]template.Fault, ch convapi.Channel) (string, error) {
	if f, faulty := faults[ch]; faulty {
		return "", fmt.Errorf("%s: %s", f.Reason.Code, f.Reason.Description)
	}
	form, err := transcode.Native(m, ch, previewID)
	if err != nil {
		return "", err
	}
	return form.JSON()
}
