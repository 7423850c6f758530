package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/openapi/openapitest"
)

// callBatch makes a request to the Batch API with an access token.
func (s *server) callBatch(t *testing.T, method, path, body string) answer {
	t.Helper()
	token, err := tokenMaker{key: testKey}.issue(keyID, projectID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s.doBatch(t, method, path, body, http.Header{"Authorization": {"Bearer " + token}})
}

func (s *server) doBatch(t *testing.T, method, path, body string, header http.Header) answer {
	t.Helper()
	r := httptest.NewRequest(method, "http://batch/v1/projects/"+projectID+"/"+s.expand(path), strings.NewReader(s.expand(body)))
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	s.batch.ServeHTTP(w, r)
	checker, err := batchDescription()
	if err != nil {
		t.Fatal(err)
	}
	if err := checker.Check(openapitest.Exchange{
		Method: method, URL: r.URL, Header: r.Header, Body: []byte(s.expand(body)), Status: w.Code, Reply: w.Header(), Answer: w.Body.Bytes(),
	}); err != nil {
		t.Errorf("%s %s: %v", method, r.URL, err)
	}
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

// batchDescription is the description of the Batch API, read once.
var batchDescription = sync.OnceValues(openapitest.NewBatch)

// batchOf makes the body of a batch with one member replaced or added.
func batchOf(member, value string) string {
	members := map[string]json.RawMessage{
		"app_id":  json.RawMessage(`"{app}"`),
		"message": json.RawMessage(`{"text_message":{"text":"hello ${name}"}}`),
		"recipient_and_params": json.RawMessage(`[
			{"recipient":{"contact_id":"{contact}"},"parameters":{"name":"Anna"}},
			{"recipient":{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"46700000002"}]}},"parameters":{"name":"Bo"}}]`),
	}
	if member != "" {
		members[member] = json.RawMessage(value)
	}
	body, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// recipientWith is a list of recipients, the second of which is that.
func recipientWith(second string) string {
	return `[{"recipient":{"contact_id":"{contact}"}},` + second + `]`
}

const person = `"recipient":{"contact_id":"{contact}"}`

func TestBatchRefusals(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	const post = "POST messages"
	long, longer := strings.Repeat("x", 1000), strings.Repeat("x", 2040)
	ahead := func(d time.Duration) string { return `"` + time.Now().Add(d).UTC().Format(time.RFC3339) + `"` }
	many := func(n int, one string) string { return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]" }
	for _, tc := range []badRequest{
		{post, ``, 400, "app_id"},
		{post, `{`, 400, ""},
		{post, `[]`, 400, ""},
		{post, batchOf("app_id", `""`), 400, "app_id"},
		{post, batchOf("app_id", `"`+absent+`"`), 404, ""},
		{post, batchOf("app_id", `"nonsense"`), 404, ""},
		{post, batchOf("message", `null`), 400, "message"},
		{post, batchOf("message", `{}`), 400, "message"},
		{post, batchOf("message", `{"text_message":{"text":""}}`), 400, "message.text_message.text"},
		{post, batchOf("message", `"text"`), 400, "message"},
		{post, batchOf("recipient_and_params", `null`), 400, "recipient_and_params"},
		{post, batchOf("recipient_and_params", `[]`), 400, "recipient_and_params"},
		{post, batchOf("recipient_and_params", many(1001, `{`+person+`}`)), 400, "recipient_and_params"},
		{post, batchOf("recipient_and_params", recipientWith(`{}`)), 400, "recipient_and_params[1].recipient"},
		{post, batchOf("recipient_and_params", recipientWith(`{"recipient":{}}`)), 400, "recipient_and_params[1].recipient"},
		{post, batchOf("recipient_and_params", recipientWith(`{"recipient":{"identified_by":{"channel_identities":[{"channel":"PIGEON","identity":"1"}]}}}`)), 400,
			"recipient_and_params[1].recipient.identified_by.channel_identities[0].channel"},
		{post, batchOf("recipient_and_params", recipientWith(`{`+person+`,"parameters":{"n":1}}`)), 400, "recipient_and_params[1].parameters.n"},
		{post, batchOf("recipient_and_params", recipientWith(`{`+person+`,"message_metadata":"text"}`)), 400, "recipient_and_params[1].message_metadata"},
		{post, batchOf("recipient_and_params", recipientWith(`{`+person+`,"message_metadata":{"x":"`+long+`"}}`)), 400, "recipient_and_params[1].message_metadata"},
		{post, batchOf("recipient_and_params", recipientWith(`{`+person+`,"conversation_metadata":{"x":"`+longer+`"}}`)), 400, "recipient_and_params[1].conversation_metadata"},
		{post, batchOf("processing_strategy", `"DISPATCH_ONLY"`), 400, "recipient_and_params[0].recipient"},
		{post, batchOf("processing_strategy", `"SOME"`), 400, "processing_strategy"},
		{post, batchOf("batch_metadata", `"text"`), 400, "batch_metadata"},
		{post, batchOf("batch_metadata", `{"x":"`+longer+`"}`), 400, "batch_metadata"},
		{post, batchOf("message_metadata", `"text"`), 400, "message_metadata"},
		{post, batchOf("message_metadata", `{"x":"`+long+`"}`), 400, "message_metadata"},
		{post, batchOf("conversation_metadata", `[]`), 400, "conversation_metadata"},
		{post, batchOf("conversation_metadata", `{"x":"`+longer+`"}`), 400, "conversation_metadata"},
		{post, batchOf("send_after", `"tomorrow"`), 400, "send_after"},
		{post, batchOf("send_after", ahead(7*24*time.Hour+time.Minute)), 400, "send_after"},
		{post, batchOf("callback_url", `"ftp://x"`), 400, "callback_url"},
		{post, batchOf("channel_priority_order", `["PIGEON"]`), 400, "channel_priority_order[0]"},
		{post, batchOf("channel_priority_order", `["SMS","WHATSAPP"]`), 400, "channel_priority_order[1]"},
		{post, batchOf("ttl", `"1s"`), 400, "ttl"},
		{post, batchOf("channel_properties", `{"x":1}`), 400, "channel_properties.x"},
		{post, `"` + strings.Repeat("x", MaxBatchBody) + `"`, 413, ""},

		{"DELETE messages", ``, 400, ""},
		{"DELETE messages", `{"batch_metadata":{}}`, 400, "batch_metadata"},
		{"DELETE messages", `{"batch_metadata":{"a":"b","c":"d"}}`, 400, "batch_metadata"},
		{"DELETE messages", `{"batch_id":7}`, 400, "batch_id"},
		{"DELETE messages?metadataKey=a", ``, 400, "metadataValue"},
		{"GET messages?metadataKey=a", ``, 400, "metadataValue"},
		{"GET messages?metadataValue=a", ``, 400, "metadataKey"},
		{"GET messages?page_token=x", ``, 400, "page_token"},
		{"GET messages?page_size=-1", ``, 400, "page_size"},
		{"GET messages/" + absent, ``, 404, ""},
		{"GET messages/nonsense", ``, 404, ""},
		{"GET batches/" + absent, ``, 404, ""},

		{"POST contacts", ``, 400, "contacts"},
		{"POST contacts", `{"contacts":[]}`, 400, "contacts"},
		{"POST contacts", `{"contacts":` + many(1001, `{}`) + `}`, 400, "contacts"},
		{"POST contacts", `{"contacts":[{"language":"EN"}]}`, 400, "contacts[0].channel_identities"},
		{"POST contacts", `{"contacts":[{"channel_identities":[{"channel":"SMS","identity":"1"}],"language":"XX"}]}`, 400, "contacts[0].language"},
		{"DELETE contacts", ``, 400, "contact_ids"},
		{"DELETE contacts", `{"contact_ids":[""]}`, 400, "contact_ids[0]"},
		{"DELETE contacts", `{"contact_ids":` + many(1001, `"x"`) + `}`, 400, "contact_ids"},

		{"POST consents", ``, 400, "app_id"},
		{"POST consents", `{"app_id":"{app}"}`, 400, "consent_records"},
		{"POST consents", `{"app_id":"` + absent + `","consent_records":[{"identification":"46700000001"}]}`, 404, ""},
		{"POST consents", `{"app_id":"{app}","consent_records":[{"consent_type":"OPT_OUT_ALL"}]}`, 400, "consent_records[0].identification"},
		{"POST consents", `{"app_id":"{app}","consent_records":[{"identification":"46700000001","consent_type":"SOME"}]}`, 400, "consent_records[0].consent_type"},
		{"POST consents", `{"app_id":"{app}","consent_records":` + many(1001, `{"identification":"46700000001"}`) + `}`, 400, "consent_records"},

		{"PATCH messages", ``, 405, ""},
		{"POST messages:send", ``, 404, ""},
		{"GET apps", ``, 404, ""},
	} {
		t.Run(tc.request+" "+shorten(tc.body), func(t *testing.T) {
			method, path, _ := strings.Cut(tc.request, " ")
			checkRefusal(t, s.callBatch(t, method, path, tc.body), tc.status, tc.field)
		})
	}
}

// The Batch API takes access tokens only.
func TestBatchTakesNoAccessKey(t *testing.T) {
	s := newServer(t)
	for name, tc := range map[string]struct {
		header http.Header
		status int
		word   string // in the challenge
	}{
		"nothing":     {nil, 401, "Bearer"},
		"access key":  {s.credentials(), 401, "Bearer"},
		"wrong token": {http.Header{"Authorization": {"Bearer x"}}, 401, "invalid_token"},
	} {
		got := s.doBatch(t, "GET", "messages", "", tc.header)
		//nolint:staticcheck // it is sent in lower case, and the map has it so
		if challenge := strings.Join(got.header[challengeHeader], ""); got.status != tc.status || !strings.Contains(challenge, tc.word) || strings.Contains(challenge, "Basic") {
			t.Errorf("%s: %d with %q", name, got.status, challenge)
		}
	}
	r := httptest.NewRequest("POST", "http://batch/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	r.SetBasicAuth(keyID, keySecret)
	w := httptest.NewRecorder()
	s.batch.ServeHTTP(w, r)
	if w.Code != 404 {
		t.Errorf("a token from the Batch API: %d", w.Code)
	}
}

// processed waits, in a bubble, for a batch to end.
func (s *server) processed(t *testing.T, path string) convapi.Batch {
	t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	return answerOf[convapi.Batch](t, s.callBatch(t, "GET", path, ""))
}

func TestBatchOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.makeOneOfEach(t)
		made := answerOf[convapi.SendBatchResponse](t, s.callBatch(t, "POST", "messages", batchOf("batch_metadata", `{"campaign":"spring","n":7}`)))
		b := s.processed(t, "messages/"+made.BatchID)
		if b.Status != convapi.BatchProcessed || b.Accepted != 2 || string(b.MetaData) != `{"campaign":"spring","n":7}` || !b.SendAfter.Equal(made.SendAfter.Time) {
			t.Errorf("%+v", b)
		}
		var texts []string
		for _, r := range b.Results {
			m := answerOf[convapi.ConversationMessage](t, s.call(t, "GET", "messages/"+r.MessageID, ""))
			texts = append(texts, m.AppMessage.TextMessage.Text+" "+m.Metadata)
		}
		mark := fmt.Sprintf(`{"_batch_id":%q}`, made.BatchID)
		if diff := cmp.Diff([]string{"hello Anna " + mark, "hello Bo " + mark}, texts); diff != "" {
			t.Error(diff)
		}
		for _, query := range []string{"", "?metadataKey=campaign&metadataValue=spring", "?metadataKey=n&metadataValue=7"} {
			list := answerOf[convapi.ListBatchesResponse](t, s.callBatch(t, "GET", "messages"+query, ""))
			if len(list.Batches) != 1 || list.Batches[0].BatchID != made.BatchID {
				t.Errorf("%s: %+v", query, list.Batches)
			}
		}
		if list := answerOf[convapi.ListBatchesResponse](t, s.callBatch(t, "GET", "messages?metadataKey=campaign&metadataValue=summer", "")); len(list.Batches) != 0 {
			t.Errorf("another value: %+v", list.Batches)
		}
	})
}

// A recipient with whom the message is not in order is refused; the others are not.
// A message that is in order for nobody is refused at once.
func TestBatchOfUnequalMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.makeOneOfEach(t)
		body := batchOf("message", `{"text_message":{"text":"${name}"}}`)
		body = strings.Replace(body, `"name":"Anna"`, `"name":""`, 1)
		made := answerOf[convapi.SendBatchResponse](t, s.callBatch(t, "POST", "messages", body))
		b := s.processed(t, "messages/"+made.BatchID)
		if b.Accepted != 1 || b.Refused != 1 || b.Results[0].Error == nil || b.Results[0].Error.Status != "INVALID_ARGUMENT" ||
			!strings.Contains(b.Results[0].Error.Message, "message.text_message.text") || b.Results[1].MessageID == "" {
			t.Errorf("%+v", b)
		}
		checkRefusal(t, s.callBatch(t, "POST", "messages", strings.Replace(body, `"name":"Bo"`, `"name":""`, 1)), 400, "message.text_message.text")
	})
}

func TestBatchLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.makeOneOfEach(t)
		var want []string
		for i := range 25 {
			made := answerOf[convapi.SendBatchResponse](t, s.callBatch(t, "POST", "messages", batchOf("batch_metadata", fmt.Sprintf(`{"odd":%t}`, i%2 == 1))))
			want = append([]string{made.BatchID}, want...)
			time.Sleep(time.Second)
		}
		pages := func(query string) (ids []string) {
			for token := ""; ; {
				list := answerOf[convapi.ListBatchesResponse](t, s.callBatch(t, "GET", "messages?page_size=4&page_token="+token+query, ""))
				for _, b := range list.Batches {
					ids = append(ids, b.BatchID)
				}
				if token = list.NextPageToken; token == "" {
					return ids
				}
			}
		}
		if diff := cmp.Diff(want, pages("")); diff != "" {
			t.Errorf("all: %s", diff)
		}
		var odd []string
		for i, id := range want {
			if i%2 == 1 {
				odd = append(odd, id)
			}
		}
		if diff := cmp.Diff(odd, pages("&metadataKey=odd&metadataValue=true")); diff != "" {
			t.Errorf("odd ones: %s", diff)
		}
	})
}

// A batch can be cancelled in every way that the contract leaves open, and the answer
// is the same whether there was anything to cancel.
func TestBatchCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.makeOneOfEach(t)
		schedule := func() string {
			body := batchOf("batch_metadata", `{"campaign":"spring"}`)
			after := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			return answerOf[convapi.SendBatchResponse](t, s.callBatch(t, "POST", "messages", strings.Replace(body, "{", `{"send_after":"`+after+`",`, 1))).BatchID
		}
		for _, how := range []struct{ query, body string }{
			{"", `{"batch_id":"ID"}`}, {"?batch_id=ID", ""}, {"", `{"batch_metadata":{"campaign":"spring"}}`}, {"?metadataKey=campaign&metadataValue=spring", ""},
		} {
			id := schedule()
			status := func() convapi.BatchStatus {
				return answerOf[convapi.Batch](t, s.callBatch(t, "GET", "messages/"+id, "")).Status
			}
			if got := status(); got != convapi.BatchScheduled {
				t.Errorf("%+v: %s before", how, got)
			}
			query, body := strings.ReplaceAll(how.query, "ID", id), strings.ReplaceAll(how.body, "ID", id)
			for range 2 {
				if got := s.callBatch(t, "DELETE", "messages"+query, body); got.status != 200 || string(got.body) != "{}" {
					t.Errorf("%+v: %d %s", how, got.status, got.body)
				}
			}
			if got := status(); got != convapi.BatchCancelled {
				t.Errorf("%+v: %s after", how, got)
			}
		}
		for _, body := range []string{`{"batch_id":"` + absent + `"}`, `{"batch_id":"nonsense"}`, `{"batch_metadata":{"no":"such"}}`} {
			if got := s.callBatch(t, "DELETE", "messages", body); got.status != 200 || string(got.body) != "{}" {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
	})
}

// The same key gives the same batch.
func TestBatchIsIdempotent(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	token, err := tokenMaker{key: testKey}.issue(keyID, projectID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer " + token}, "Idempotency-Key": {"k"}}
	first := s.doBatch(t, "POST", "messages", batchOf("", ""), header)
	second := s.doBatch(t, "POST", "messages", batchOf("", ""), header)
	if first.status != 200 || string(first.body) != string(second.body) || second.header.Get(idempotentReplayed) != "true" {
		t.Errorf("%s, then %s", first.body, second.body)
	}
	if other := s.doBatch(t, "POST", "messages", batchOf("ttl", `"10s"`), header); other.status != 422 {
		t.Errorf("another body: %d %s", other.status, other.body)
	}
	if list := answerOf[convapi.ListBatchesResponse](t, s.callBatch(t, "GET", "messages", "")); len(list.Batches) != 1 {
		t.Errorf("%d batches", len(list.Batches))
	}
}

// Contacts are made and deleted one by one; what cannot be is told.
func TestBatchOfContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.makeOneOfEach(t)
		made := answerOf[convapi.BatchResponse](t, s.callBatch(t, "POST", "contacts", `{"contacts":[
			{"channel_identities":[{"channel":"SMS","identity":"46700000011"}],"language":"EN_US","display_name":"Anna"},
			{"channel_identities":[{"channel":"MESSENGER","identity":"1"}],"language":"EN_US"},
			{"channel_identities":[{"channel":"SMS","identity":"46700000013"}],"language":"EN_US"}]}`))
		b := s.processed(t, "batches/"+made.BatchID)
		if b.Status != convapi.BatchProcessed || b.Accepted != 2 || b.Refused != 1 || b.Results[1].Error == nil {
			t.Fatalf("%+v", b)
		}
		anna := answerOf[convapi.Contact](t, s.call(t, "GET", "contacts/"+b.Results[0].ContactID, ""))
		if anna.DisplayName != "Anna" || len(anna.ChannelIdentities) != 1 {
			t.Errorf("%+v", anna)
		}
		if got := s.callBatch(t, "GET", "messages/"+made.BatchID, ""); got.status != 404 {
			t.Errorf("as a batch of messages: %d", got.status)
		}
		gone := answerOf[convapi.BatchResponse](t, s.callBatch(t, "DELETE", "contacts",
			fmt.Sprintf(`{"contact_ids":[%q,%q,%q]}`, b.Results[0].ContactID, absent, b.Results[0].ContactID)))
		b = s.processed(t, "batches/"+gone.BatchID)
		if b.Accepted != 1 || b.Refused != 2 || b.Results[0].Error != nil || b.Results[1].Error.Status != "NOT_FOUND" || b.Results[2].Error.Status != "NOT_FOUND" {
			t.Errorf("%+v", b)
		}
		if got := s.call(t, "GET", "contacts/"+anna.ID, ""); got.status != 404 {
			t.Errorf("the deleted contact: %d", got.status)
		}
	})
}

// An opt-out holds when it is acknowledged.
func TestBatchOfConsents(t *testing.T) {
	s := newServer(t)
	s.makeOneOfEach(t)
	made := answerOf[convapi.BatchResponse](t, s.callBatch(t, "POST", "consents", `{"app_id":"{app}","consent_records":[
		{"identification":"46700000021","consent_type":"OPT_OUT_MARKETING"},{"identification":"46700000022"},{"identification":"{contact}"}]}`))
	for list, want := range map[string][]string{"OPT_OUT_MARKETING": {"46700000021"}, "OPT_OUT_ALL": {"46700000022", "46700000001"}} {
		var got []string
		for _, one := range answerOf[convapi.ListConsentsResponse](t, s.call(t, "GET", s.expand("apps/{app}/consents/"+list), "")).Identities {
			got = append(got, one.Identity)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
	if b := answerOf[convapi.Batch](t, s.callBatch(t, "GET", "batches/"+made.BatchID, "")); b.Status != convapi.BatchProcessed || b.Accepted != 3 {
		t.Errorf("%+v", b)
	}
}
