package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"switchyard/convapi"
	"switchyard/internal/channel"
	"switchyard/internal/channel/channeltest"
	"switchyard/internal/channel/telegram"
	"switchyard/internal/sim/botapi"
	"switchyard/internal/sim/fault"
)

// inMemory carries requests to handlers by host name without a network, so that
// a bot runs in a bubble of fake time.
type inMemory map[string]http.Handler

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	m[r.URL.Host].ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// shelf is a Sink that refuses the first batches.
type shelf struct {
	mu     sync.Mutex
	refuse int
	keys   []string
}

func (s *shelf) Deliver(_ context.Context, b channel.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return errors.New("the disk is full")
	}
	for _, in := range b.Inbound {
		s.keys = append(s.keys, in.Key)
	}
	return nil
}

// bot runs an account against a simulated platform in the test's bubble.
func bot(t *testing.T, secret string, sink channel.Sink, net inMemory) (a channel.Adapter, stop func()) {
	t.Helper()
	account := harness().Account("http://telegram.test")
	account.Credential.CallbackSecret = convapi.Secret(secret)
	a, err := telegram.Channel.Open(account, channel.Env{HTTP: &http.Client{Transport: net}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- a.(channel.Runner).Run(ctx, sink) }()
	return a, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func platform(t *testing.T, net inMemory) *botapi.Server {
	t.Helper()
	s, err := botapi.New(botapi.Config{Token: token, Client: &http.Client{Transport: net}})
	if err != nil {
		t.Fatal(err)
	}
	net["telegram.test"] = channeltest.LoadSpec(t, "telegram-bot-api.json").Validate(t, s)
	return s
}

func say(t *testing.T, s *botapi.Server, in botapi.Inbound) {
	t.Helper()
	if _, err := s.Inbound(in); err != nil {
		t.Fatal(err)
	}
}

// Without a secret the bot polls: what waits and what comes is delivered once,
// in order, and again when it was not stored; a tap is acknowledged.
func TestPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := inMemory{}
		s := platform(t, net)
		sink := &shelf{refuse: 2}
		say(t, s, botapi.Inbound{ChatID: 42, Text: "one"})
		_, stop := bot(t, "", sink, net)
		time.Sleep(time.Hour)
		say(t, s, botapi.Inbound{ChatID: 42, Update: botapi.Tap(42, 7, "q1", "yes")})
		say(t, s, botapi.Inbound{ChatID: 42, Text: "three"})
		time.Sleep(time.Hour)
		stop()
		s.Close()
		if diff := cmp.Diff([]string{"1", "2", "3"}, sink.keys); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		if s.Acknowledged("q1") != 1 {
			t.Errorf("tap acknowledged %d times", s.Acknowledged("q1"))
		}
	})
}

// A webhook that was registered before does not keep the bot from polling.
func TestPollingRemovesTheWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := inMemory{}
		s := platform(t, net)
		net["gateway.test"] = http.NotFoundHandler()
		_, stop := bot(t, secret, &shelf{}, net)
		synctest.Wait()
		stop()
		if s.WebhookURL() == "" {
			t.Fatal("no webhook registered")
		}
		sink := &shelf{}
		_, stop = bot(t, "", sink, net)
		synctest.Wait()
		say(t, s, botapi.Inbound{ChatID: 42, Text: "one"})
		synctest.Wait()
		stop()
		s.Close()
		if len(sink.keys) != 1 || s.WebhookURL() != "" {
			t.Errorf("delivered %v, webhook %q", sink.keys, s.WebhookURL())
		}
	})
}

// With a secret the bot registers its webhook, and what the platform posts
// there is genuine.
func TestWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := inMemory{}
		s := platform(t, net)
		a, stop := bot(t, secret, &shelf{}, net)
		synctest.Wait()
		var got []string
		net["gateway.test"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			batch, reply, err := a.(channel.Receiver).Receive(r.Context(), r, body)
			if err != nil || len(batch.Inbound) != 1 {
				t.Errorf("%d inbound, %v", len(batch.Inbound), err)
				return
			}
			got = append(got, r.URL.Path+" "+batch.Inbound[0].Key)
			_, _ = w.Write(reply.Body)
		})
		say(t, s, botapi.Inbound{ChatID: 42, Text: "one"})
		synctest.Wait()
		say(t, s, botapi.Inbound{ChatID: 42, Update: botapi.Tap(42, 7, "q1", "yes")})
		synctest.Wait()
		stop()
		s.Close()
		if diff := cmp.Diff([]string{"/channels/APP1/TELEGRAM 1", "/channels/APP1/TELEGRAM 2"}, got); diff != "" {
			t.Errorf("posted (-want +got):\n%s", diff)
		}
		if s.Acknowledged("q1") != 1 {
			t.Errorf("tap acknowledged %d times", s.Acknowledged("q1"))
		}
	})
}

// A platform that does not want us is asked less and less often, and at its own
// time if it names one.
func TestBackoff(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want string
	}{
		"bad token": {`{"ok":false,"error_code":401,"description":"Unauthorized"}`, "[0s 1s 3s 7s 15s 31s 1m3s 2m3s 3m3s 4m3s]"},
		"throttled": {`{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":120}}`, "[0s 2m0s 4m0s]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var calls []time.Duration
				net := inMemory{"telegram.test": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					calls = append(calls, time.Since(start))
					w.WriteHeader(400)
					_, _ = io.WriteString(w, tt.body)
				})}
				_, stop := bot(t, "", &shelf{}, net)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				stop()
				if got := fmt.Sprint(calls); got != tt.want {
					t.Errorf("calls at %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// A poll of updates that cannot be read must not spin.
func TestUnreadableUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		net := inMemory{"telegram.test": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls++
			_, _ = io.WriteString(w, `{"ok":true,"result":[{"update":"?"}]}`)
		})}
		_, stop := bot(t, "", &shelf{}, net)
		time.Sleep(time.Hour)
		stop()
		if calls > 100 {
			t.Errorf("%d polls in an hour", calls)
		}
	})
}

// A picture: the URL in the message is ours and opens, for its own reference
// only, without showing the token when it fails.
func TestMedia(t *testing.T) {
	s, err := botapi.New(botapi.Config{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	provider := httptest.NewServer(channeltest.LoadSpec(t, "telegram-bot-api.json").Validate(&skipFiles{T: t}, s))
	defer provider.Close()
	a := adapter(t, provider.URL)
	batch, _ := receive(t, private(`"photo":[{"file_id":"AgAC_x-1","width":9,"height":9}]`))
	_, ref, _ := strings.Cut(batch.Inbound[0].Message.MediaMessage.URL, "/media/")
	media, err := a.(channel.MediaSource).Media(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	defer media.Body.Close()
	bytes, err := io.ReadAll(media.Body)
	if err != nil || media.ContentType != "image/png" || !strings.HasPrefix(string(bytes), "\x89PNG") {
		t.Errorf("%s, %d bytes, %v", media.ContentType, len(bytes), err)
	}
	if _, err := a.(channel.MediaSource).Media(t.Context(), ref+"x"); !errors.Is(err, channel.ErrNoMedia) {
		t.Errorf("other reference: %v, want ErrNoMedia", err)
	}
	provider.Close()
	if _, err := a.(channel.MediaSource).Media(t.Context(), ref); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("got %v, want an error without the token", err)
	}
}

// skipFiles lets the download of files pass: the list of methods has no word on
// it.
type skipFiles struct{ *testing.T }

func (s *skipFiles) Errorf(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !strings.Contains(text, "/file/bot") {
		s.T.Error(text)
	}
}

// What the simulated platform refuses, the adapter understands.
func TestRefusals(t *testing.T) {
	s, err := botapi.New(botapi.Config{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	provider := httptest.NewServer(s)
	defer provider.Close()
	for name, tt := range map[string]struct {
		fault fault.Fault
		to    string
		want  channel.Verdict
		code  convapi.ReasonCode
	}{
		"blocked":      {fault.Fault{Kind: fault.Refuse, Code: 403, Words: "Forbidden: bot was blocked by the user"}, "42", channel.Refuse, convapi.ReasonRecipientNotReachable},
		"unknown chat": {fault.Fault{Kind: fault.Silent, To: "43"}, "someone", channel.Refuse, convapi.ReasonRecipientInvalidChannelIdentity},
		"throttled":    {fault.Fault{Kind: fault.Throttle, RetryAfter: 4}, "42", channel.Retry, convapi.ReasonRateLimited},
		"gateway":      {fault.Fault{Kind: fault.Status, Code: 502}, "42", channel.Retry, convapi.ReasonChannelFailure},
		"dropped":      {fault.Fault{Kind: fault.DropBefore}, "42", channel.Unknown, convapi.ReasonChannelFailure},
		"no answer":    {fault.Fault{Kind: fault.DropAfter}, "42", channel.Unknown, convapi.ReasonChannelFailure},
	} {
		t.Run(name, func(t *testing.T) {
			s.Faults().Clear()
			if err := s.Faults().Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			_, err := adapter(t, provider.URL).Send(t.Context(), textTo(t, tt.to, "a"))
			if f := channel.AsFailure(err); f.Verdict != tt.want || f.Reason.Code != tt.code {
				t.Errorf("got %v %v, want %v %v", f.Verdict, f.Reason.Code, tt.want, tt.code)
			}
		})
	}
}
