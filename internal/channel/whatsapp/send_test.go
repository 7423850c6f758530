package whatsapp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
)

// message is an outbound message of one type, in the form that the engine gives.
func message(t testing.TB, text string) channel.Outbound {
	t.Helper()
	var m convapi.AppMessage
	if err := convapi.Decode([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return channel.Outbound{MessageID: "01J0M", Identity: "46700000001", Bodies: channeltest.Bodies(t, convapi.ChannelWhatsApp, &m)}
}

// The bytes that Meta gets, which its own description allows.
func TestRequest(t *testing.T) {
	spec := channeltest.LoadSpec(t, "whatsapp-cloud-v23.json")
	var got []string
	server := httptest.NewServer(spec.Validate(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if want := "POST /v23.0/" + phoneNumberID + "/messages Bearer " + token; r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization") != want {
			t.Errorf("%s %s, want %s", r.Method, r.URL.Path, want)
		}
		got = append(got, string(body))
		_, _ = io.WriteString(w, acceptance)
	})))
	defer server.Close()
	const (
		text = `{"text_message":{"text":"a \"b\"\n<å> 😀"}}`
		rest = `"messaging_product":"whatsapp","recipient_type":"individual",`
	)
	number := func(m channel.Outbound, identity string) channel.Outbound { m.Identity = identity; return m }
	quoting := func(m channel.Outbound, ref string) channel.Outbound { m.Quote = ref; return m }
	for name, tt := range map[string]struct {
		m    channel.Outbound
		want []string
	}{
		"a number": {message(t, text), []string{
			`{"biz_opaque_callback_data":"01J0M",` + rest + `"text":{"body":"a \"b\"\n\u003cå\u003e 😀"},"to":"46700000001","type":"text"}`,
		}},
		"a number with a plus": {number(message(t, text), "+46700000001"), []string{
			`{"biz_opaque_callback_data":"01J0M",` + rest + `"text":{"body":"a \"b\"\n\u003cå\u003e 😀"},"to":"46700000001","type":"text"}`,
		}},
		"an answer": {quoting(message(t, `{"text_message":{"text":"a"}}`), "wamid.in"), []string{
			`{"biz_opaque_callback_data":"01J0M","context":{"message_id":"wamid.in"},` + rest + `"text":{"body":"a"},"to":"46700000001","type":"text"}`,
		}},
		"choices": {message(t, `{"choice_message":{"text_message":{"text":"Tea?"},"choices":[{"text_message":{"text":"Yes"}},{"text_message":{"text":"No"},"postback_data":"n"}]}}`), []string{
			`{"biz_opaque_callback_data":"01J0M","interactive":{"type":"button","body":{"text":"Tea?"},"action":{"buttons":[{"type":"reply","reply":{"id":"01J0M_Yes","title":"Yes"}},` +
				`{"type":"reply","reply":{"id":"n","title":"No"}}]}},` + rest + `"to":"46700000001","type":"interactive"}`,
		}},
		"a template": {message(t, `{"template_message":{"channel_template":{"WHATSAPP":{"template_id":"t","language_code":"sv"}}}}`), []string{
			`{"biz_opaque_callback_data":"01J0M",` + rest + `"template":{"name":"t","language":{"policy":"deterministic","code":"sv"}},"to":"46700000001","type":"template"}`,
		}},
		"cards, quoting once": {quoting(message(t, `{"carousel_message":{"cards":[{"title":"a"},{"title":"b"}]}}`), "wamid.in"), []string{
			`{"biz_opaque_callback_data":"01J0M/1/2","context":{"message_id":"wamid.in"},` + rest + `"text":{"body":"a"},"to":"46700000001","type":"text"}`,
			`{"biz_opaque_callback_data":"01J0M/2/2",` + rest + `"text":{"body":"b"},"to":"46700000001","type":"text"}`,
		}},
		"the customer's own": {message(t, `{"explicit_channel_message":{"WHATSAPP":"{\"to\":\"1\",\"type\":\"text\",\"text\":{\"body\":\"raw\",\"preview_url\":true},\"biz_opaque_callback_data\":\"x\"}"}}`), []string{
			`{"biz_opaque_callback_data":"01J0M","messaging_product":"whatsapp","text":{"body":"raw","preview_url":true},"to":"46700000001","type":"text"}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got = nil
			receipt, err := adapter(t, server.URL+"/v23.0/").Send(t.Context(), tt.m)
			if err != nil || receipt.Parts != len(tt.want) {
				t.Fatalf("%+v, %v", receipt, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// A provider_url with a path is the base as it is; to one without a path the
// version is added.
func TestProviderURL(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Path
		_, _ = io.WriteString(w, acceptance)
	}))
	defer server.Close()
	for suffix, want := range map[string]string{"": "/v23.0", "/": "/v23.0", "/v21.0": "/v21.0", "/v21.0/": "/v21.0", "/partner/graph": "/partner/graph"} {
		if _, err := adapter(t, server.URL+suffix).Send(t.Context(), message(t, `{"text_message":{"text":"a"}}`)); err != nil {
			t.Fatal(err)
		}
		if want += "/" + phoneNumberID + "/messages"; got != want {
			t.Errorf("provider_url with %q: %s, want %s", suffix, got, want)
		}
	}
}

// A business-scoped user id goes into recipient: in to it is accepted and lost.
// The description of v23 does not know it yet.
func TestUserID(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = string(body)
		_, _ = io.WriteString(w, acceptance)
	}))
	defer server.Close()
	m := message(t, `{"text_message":{"text":"a"}}`)
	m.Identity = "US.13491208655302741918"
	if _, err := adapter(t, server.URL).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := `{"biz_opaque_callback_data":"01J0M","messaging_product":"whatsapp","recipient":"US.13491208655302741918","recipient_type":"individual","text":{"body":"a"},"type":"text"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Every row of the channel's table of errors, and what lies beside its ranges.
func TestErrorTable(t *testing.T) {
	const (
		account = true
		message = false
	)
	type class struct {
		verdict channel.Verdict
		account bool
		code    convapi.ReasonCode
		wait    time.Duration
	}
	config := class{channel.Refuse, account, convapi.ReasonChannelBadConfiguration, 0}
	permission := class{channel.Refuse, account, convapi.ReasonNoPermission, 0}
	service := class{channel.Retry, message, convapi.ReasonChannelFailure, 0}
	limited := class{channel.Retry, account, convapi.ReasonRateLimited, 0}
	refuse := func(code convapi.ReasonCode) class { return class{channel.Refuse, message, code, 0} }
	tests := []struct {
		codes []int
		want  class
	}{
		{[]int{0, 190}, config},
		{[]int{3, 10, 200, 201, 250, 299, 131005}, permission},
		{[]int{131037, 33, 131045, 133010, 368, 131031, 131042}, config},
		{[]int{1, 2, 131000, 131016, 133004}, service},
		{[]int{4, 80007, 130429, 131057}, limited},
		{[]int{132069}, class{channel.Retry, message, convapi.ReasonRateLimited, 0}}, // of one flow
		{[]int{131056}, class{channel.Retry, message, convapi.ReasonRateLimited, 6 * time.Second}},
		{[]int{131048}, class{channel.Retry, account, convapi.ReasonRateLimited, 10 * time.Minute}},
		{[]int{131026}, refuse(convapi.ReasonRecipientNotReachable)},
		{[]int{131021, 131030, 131062}, refuse(convapi.ReasonRecipientInvalidChannelIdentity)},
		{[]int{131047}, refuse(convapi.ReasonOutsideAllowedSendingWindow)},
		{[]int{131049, 130472, 130497}, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)},
		{[]int{131050}, refuse(convapi.ReasonRecipientNotOptedIn)},
		{[]int{131043}, refuse(convapi.ReasonMessageExpired)},
		{[]int{100, 131001, 131008, 131009}, refuse(convapi.ReasonBadRequest)},
		{[]int{131051}, refuse(convapi.ReasonUnsupportedOperation)},
		{[]int{131052}, refuse(convapi.ReasonMediaNotReachable)},
		{[]int{131053}, refuse(convapi.ReasonMediaTypeUnsupported)},
		{[]int{132001}, refuse(convapi.ReasonTemplateNonExistingLanguageOrVersion)},
		{[]int{132000, 132012, 132005, 132018}, refuse(convapi.ReasonTemplateInsufficientParameters)},
		{[]int{132007, 132015, 132016, 132068}, refuse(convapi.ReasonDeliveryRejectedDueToPolicy)},
		{[]int{135000, 131300, 131399}, refuse(convapi.ReasonChannelReject)},
		{[]int{199, 300, 5, 131299, 131400, 999999, -1}, refuse(convapi.ReasonChannelReject)}, // by the HTTP status
	}
	for _, tt := range tests {
		for _, code := range tt.codes {
			t.Run(fmt.Sprint(code), func(t *testing.T) {
				server := httptest.NewServer(write(400, nil, fmt.Sprintf(
					`{"error":{"message":"(#%d) Title","type":"OAuthException","code":%d,"error_data":{"messaging_product":"whatsapp","details":"Details"},"fbtrace_id":"A"}}`, code, code)))
				defer server.Close()
				_, err := adapter(t, server.URL).Send(t.Context(), harness().Outbound)
				f := channel.AsFailure(err)
				if got := (class{f.Verdict, f.Account, f.Reason.Code, f.RetryAfter}); got != tt.want {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
				want := convapi.Reason{
					Code: tt.want.code, SubCode: convapi.SubCodeUnspecified, ChannelCode: fmt.Sprint(code),
					Description: fmt.Sprintf("The underlying channel reported: (#%d) Title: Details", code),
				}
				if diff := cmp.Diff(want, f.Reason); diff != "" {
					t.Errorf("reason (-want +got):\n%s", diff)
				}
				// The same code in a status.
				batch := receive(t, webhook(`"statuses":[{"id":"w","status":"failed","timestamp":"1","errors":[{"code":`+fmt.Sprint(code)+`,"title":"Title","error_data":{"details":"Details"}}]}]`))
				want.Description = "The underlying channel reported: Title: Details"
				if diff := cmp.Diff(want, batch.Reports[0].Reason); diff != "" {
					t.Errorf("reason of the status (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// What only the rest of an answer tells.
func TestErrorsBesideTheTable(t *testing.T) {
	usage := func(minutes int) http.Header {
		return http.Header{"X-Business-Use-Case-Usage": {fmt.Sprintf(`{"1":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":%d}]}`, minutes)}}
	}
	tests := []struct {
		name    string
		status  int
		header  http.Header
		body    string
		verdict channel.Verdict
		account bool
		wait    time.Duration
	}{
		{"unknown phone number id", 400, nil, `{"error":{"code":100,"error_subcode":33,"message":"no object"}}`, channel.Refuse, true, 0},
		{"wait in the usage header", 400, usage(5), `{"error":{"code":80007}}`, channel.Retry, true, 5 * time.Minute},
		{"usage and pair limit", 400, usage(0), `{"error":{"code":131056}}`, channel.Retry, false, 6 * time.Second},
		{"absurd usage", 400, usage(1 << 40), `{"error":{"code":4}}`, channel.Retry, true, time.Hour},
		{"negative usage", 400, usage(-5), `{"error":{"code":4}}`, channel.Retry, true, 0},
		{"Retry-After wins", 429, http.Header{"Retry-After": {"3"}, "X-Business-Use-Case-Usage": usage(5)["X-Business-Use-Case-Usage"]}, `{"error":{"code":4}}`, channel.Retry, true, 3 * time.Second},
		{"unknown code with 503", 503, nil, `{"error":{"code":987654}}`, channel.Retry, false, 0},
		{"unknown code with 401", 401, nil, `{"error":{"code":987654}}`, channel.Refuse, true, 0},
		{"error without a code", 503, nil, `{"error":{"message":"hm"}}`, channel.Retry, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(write(tt.status, tt.header, tt.body))
			defer server.Close()
			_, err := adapter(t, server.URL).Send(t.Context(), harness().Outbound)
			f := channel.AsFailure(err)
			if f.Verdict != tt.verdict || f.Account != tt.account || f.RetryAfter != tt.wait {
				t.Errorf("got %v account %v after %v, want %v %v %v", f.Verdict, f.Account, f.RetryAfter, tt.verdict, tt.account, tt.wait)
			}
		})
	}
}

// Every example of an error in Meta's description is one that the table knows.
func TestDescribedErrors(t *testing.T) {
	spec := channeltest.LoadSpec(t, "whatsapp-cloud-v23.json")
	operation := spec.Doc.Paths.Find("/{Version}/{Phone-Number-ID}/messages").Post
	examples := 0
	for status, response := range operation.Responses.Map() {
		for name, example := range response.Value.Content["application/json"].Examples {
			if status == "200" {
				continue
			}
			examples++
			var code int
			if _, err := fmt.Sscan(status, &code); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(write(code, nil, encode(t, example.Value.Value)))
			_, err := adapter(t, server.URL).Send(t.Context(), harness().Outbound)
			server.Close()
			if f := channel.AsFailure(err); f.Verdict == channel.Unknown || f.Reason.ChannelCode == "" || f.Reason.Code == convapi.ReasonChannelReject {
				t.Errorf("%s %s: %v %+v", status, name, f.Verdict, f.Reason)
			}
		}
	}
	if examples == 0 {
		t.Error("the description has no examples of errors")
	}
}
