package httpapi

import (
	"encoding/json"
	"testing"

	"switchyard/convapi"
)

// Every channel that is asked for is in the answer, as a text that is JSON.
func TestTranscodeAnswersEveryChannel(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	channels := convapi.Channels()
	body := s.expand(transcode("channels", string(mustMarshal(channels))))
	got := answerOf[convapi.TranscodeMessageResponse](t, s.call(t, "POST", "messages:transcode", body))
	if len(got.TranscodedMessage) != len(channels) {
		t.Errorf("%d of %d channels", len(got.TranscodedMessage), len(channels))
	}
	for _, ch := range channels {
		if text := got.TranscodedMessage[ch]; !json.Valid([]byte(text)) {
			t.Errorf("%s: %q is not JSON", ch, text)
		}
	}
}
