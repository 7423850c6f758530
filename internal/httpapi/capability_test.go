package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"switchyard/convapi"
)

// The answer is the question, with an id of ours if it had none.
func TestCapabilityEchoesTheQuestion(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	const recipient = `{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"+46700000001"}]}}`
	ask := func(more string) convapi.CapabilityRequest {
		return answerOf[convapi.CapabilityRequest](t, s.call(t, http.MethodPost, "capability:query", s.expand(`{"app_id":"{app}","recipient":`+recipient+more+`}`)))
	}
	if got := ask(`,"request_id":"mine"`); got.RequestID != "mine" || got.AppID != s.ids["app"] || got.Recipient.IdentifiedBy.ChannelIdentities[0].Identity != "+46700000001" {
		t.Errorf("got %+v", got)
	}
	first, second := ask(``), ask(``)
	if first.RequestID == "" || first.RequestID == second.RequestID {
		t.Errorf("ids %q and %q", first.RequestID, second.RequestID)
	}
}

// A profile that nobody can tell is refused with the contract's reason and the
// channel's name.
func TestProfilesThatNobodyTells(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	s.ids["liner"] = answerOf[convapi.App](t, s.call(t, http.MethodPost, "apps",
		`{"display_name":"x","channel_credentials":[{"channel":"LINE","line_credentials":{"token":"t","secret":"s"}}]}`)).ID
	ask := func(app, identity string) answer {
		return s.call(t, http.MethodPost, "contacts:getChannelProfile", s.expand(`{"app_id":"{`+app+`}","channel":"LINE","recipient":{"identified_by":{"channel_identities":[`+identity+`]}}}`))
	}
	const line = `{"channel":"LINE","identity":"U1"}`
	got := ask("liner", line)
	checkRefusal(t, got, http.StatusBadRequest, "")
	if text := string(got.body); !strings.Contains(text, `"FAILED_PRECONDITION"`) || !strings.Contains(text, "NO_PROFILE_AVAILABLE: LINE: ") {
		t.Errorf("%s", text)
	}
	checkRefusal(t, ask("app", line), http.StatusBadRequest, "channel")
	checkRefusal(t, ask("liner", `{"channel":"SMS","identity":"46700000001"}`), http.StatusBadRequest, "recipient.identified_by.channel_identities")
	checkRefusal(t, ask("liner", `{"channel":"LINE","identity":"U1","app_id":"{app}"}`), http.StatusBadRequest, "recipient.identified_by.channel_identities")
}
