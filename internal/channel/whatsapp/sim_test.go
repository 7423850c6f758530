package whatsapp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/graph"
)

// simulation connects an adapter with a simulated platform in both directions
// and gives what it receives.
func simulation(t *testing.T) (channel.Adapter, *graph.Server, <-chan channel.Batch) {
	t.Helper()
	var a channel.Adapter
	batches := make(chan channel.Batch, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read a webhook: %v", err)
		}
		batch, reply, err := a.(channel.Receiver).Receive(r.Context(), r, body)
		if err != nil {
			t.Errorf("webhook refused with %d: %v", reply.Status, err)
		}
		batches <- batch
	}))
	t.Cleanup(hook.Close)
	s, err := graph.New(graph.Config{PhoneNumberID: phoneNumberID, AccessToken: token, AppSecret: appSecret, CallbackURL: hook.URL})
	if err != nil {
		t.Fatal(err)
	}
	provider := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); provider.Close() })
	a = adapter(t, provider.URL+"/v23.0")
	return a, s, batches
}

// A message on its way: the receipt's ref and our own id come back in the
// reports.
func TestThere(t *testing.T) {
	a, s, batches := simulation(t)
	receipt, err := a.Send(t.Context(), harness().Outbound)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []convapi.DeliveryStatus{convapi.StatusQueuedOnChannel, convapi.StatusDelivered, convapi.StatusRead} {
		report := (<-batches).Reports[0]
		if report.Status != want || report.Ref != receipt.Refs[0] || report.MessageID != harness().Outbound.MessageID || report.At.IsZero() {
			t.Errorf("report %+v, want %s of %s", report, want, receipt.Refs[0])
		}
	}
	if s.Journal().MessageID(harness().Outbound.MessageID) != 1 {
		t.Errorf("journal %+v", s.Journal().Entries())
	}
}

// An answer that is lost leaves the message in doubt, and the report with our
// id resolves it.
func TestDoubtIsResolved(t *testing.T) {
	a, s, batches := simulation(t)
	if err := s.Faults().Add(fault.Fault{Kind: fault.DropAfter}); err != nil {
		t.Fatal(err)
	}
	_, err := a.Send(t.Context(), harness().Outbound)
	if f := channel.AsFailure(err); f.Verdict != channel.Unknown {
		t.Fatalf("verdict %v, want unknown", f.Verdict)
	}
	if report := (<-batches).Reports[0]; report.MessageID != harness().Outbound.MessageID || report.Status != convapi.StatusQueuedOnChannel {
		t.Errorf("report %+v", report)
	}
}

// The platform's refusal of a wrong phone number id blames the account.
func TestUnknownSender(t *testing.T) {
	_, s, _ := simulation(t)
	provider := httptest.NewServer(s)
	defer provider.Close()
	account := harness().Account(provider.URL)
	account.Credential.StaticBearer.ClaimedIdentity = "5"
	a, err := harness().Definition.Open(account, channel.Env{HTTP: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Send(t.Context(), harness().Outbound)
	if f := channel.AsFailure(err); !f.Account || f.Verdict != channel.Refuse {
		t.Errorf("got %v, account %v", f, f.Account)
	}
}

// A picture: the URL in the message is ours and opens, for its own reference
// only.
func TestMedia(t *testing.T) {
	a, s, batches := simulation(t)
	if _, err := s.Inbound(graph.Inbound{From: "46700000001", Message: graph.Image("1003383421387256", "a picture")}); err != nil {
		t.Fatal(err)
	}
	card := (<-batches).Inbound[0].Message.MediaCardMessage
	_, ref, _ := strings.Cut(card.URL, "/media/")
	source := a.(channel.MediaSource)
	media, err := source.Media(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer media.Body.Close()
	bytes, err := io.ReadAll(media.Body)
	if err != nil || media.ContentType != "image/png" || !strings.HasPrefix(string(bytes), "\x89PNG") {
		t.Errorf("%s, %d bytes, %v", media.ContentType, len(bytes), err)
	}
	if _, err := source.Media(t.Context(), strings.Replace(ref, "100338", "100339", 1)); !errors.Is(err, channel.ErrNoMedia) {
		t.Errorf("other reference: %v, want ErrNoMedia", err)
	}
	if strings.Contains(card.URL, token) {
		t.Error("the URL holds the token")
	}
}

// The token is not sent in clear to where an answer over HTTPS points.
func TestMediaKeepsTheScheme(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token was sent in clear") }))
	defer elsewhere.Close()
	provider := httptest.NewTLSServer(write(200, nil, `{"url":"`+elsewhere.URL+`/x"}`))
	defer provider.Close()
	a, err := harness().Definition.Open(harness().Account(provider.URL), channel.Env{HTTP: provider.Client()})
	if err != nil {
		t.Fatal(err)
	}
	batch, _, err := a.(channel.Receiver).Receive(t.Context(), signed([]byte(mediaBody)), []byte(mediaBody))
	if err != nil {
		t.Fatal(err)
	}
	_, ref, _ := strings.Cut(batch.Inbound[0].Message.MediaMessage.URL, "/media/")
	_, err = a.(channel.MediaSource).Media(t.Context(), ref)
	if f, ok := errors.AsType[*channel.Failure](err); !ok || f.Reason.Code != convapi.ReasonMediaNotReachable {
		t.Errorf("got %v", err)
	}
}

var mediaBody = webhook(`"messages":[{"id":"m","from":"467","type":"document","document":{"id":"12","filename":"a.pdf"}}]`)

// The platform takes every type of message.
func TestEveryTypeIsTaken(t *testing.T) {
	a, s, batches := simulation(t)
	go func() {
		for range batches { // the reports, of which there are more than the channel holds
		}
	}()
	if taken := harness().SendAll(t, a); taken < 40 || s.Journal().Totals().Accepted < int64(taken) {
		t.Errorf("%d taken, journal %+v", taken, s.Journal().Totals())
	}
}

// The reports of a message in several parts say which part they are about.
func TestPartsAreReported(t *testing.T) {
	a, _, batches := simulation(t)
	receipt, err := a.Send(t.Context(), message(t, `{"carousel_message":{"cards":[{"title":"a"},{"title":"b"}]}}`))
	if err != nil || len(receipt.Refs) != 2 {
		t.Fatal(receipt, err)
	}
	for range 6 { // sent, delivered and read of each
		r := (<-batches).Reports[0]
		if r.MessageID != "01J0M" || r.Parts != 2 || r.Part < 1 || r.Ref != receipt.Refs[r.Part-1] {
			t.Errorf("%+v", r)
		}
	}
}
