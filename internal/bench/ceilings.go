package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// callbackLength is about that of a callback's body.
const callbackLength = 500

// barePosts gives the posts a second that net/http's client makes from so many
// goroutines to the URL, or without one to a net/http server of its own. The
// bodies have the lengths given, in turn.
func barePosts(ctx context.Context, senders int, d time.Duration, url string, lengths ...int) (float64, error) {
	if url == "" {
		own, stop, err := listen(http.HandlerFunc(takePost))
		if err != nil {
			return 0, err
		}
		defer stop()
		url = own
	}
	client := newClient(senders)
	defer client.CloseIdleConnections()
	body := bytes.Repeat([]byte("x"), 1<<16)
	var n atomic.Int64
	begin := time.Now()
	err := together(ctx, senders, d, func(int) error {
		for _, length := range lengths {
			if err := barePost(ctx, client, url, body[:length]); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	return float64(n.Load()) / time.Since(begin).Seconds(), err
}

func takePost(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a body that breaks off breaks the post
	w.WriteHeader(http.StatusOK)
}

func barePost(ctx context.Context, client *http.Client, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	return res.Body.Close()
}

// bareCommits writes one small row at a time.
func bareCommits(ctx context.Context, db *store.DB, d time.Duration) (float64, error) {
	n := 0
	begin := time.Now()
	for time.Since(begin) < d {
		id := gateway.NewID(0)
		if err := db.Apply(ctx, store.Op{Run: func(tx *store.Tx) error {
			tx.Settings.Put(store.Setting{Name: "bench", Value: id[:]})
			return nil
		}}); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

// takeSend answers sends as the gateway does, but keeps nothing: it reads the
// body, checks the access key, decodes and validates the request by the same
// contract types and encodes the same answer. No contact, no route, no store,
// no queue.
func takeSend() http.Handler {
	want := sha256.Sum256([]byte(keySecret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answerSend(w, r, want) })
}

func answerSend(w http.ResponseWriter, r *http.Request, want [sha256.Size]byte) {
	id, secret, _ := r.BasicAuth()
	got := sha256.Sum256([]byte(secret))
	if id != keyID || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var request convapi.SendMessageRequest
	if err == nil {
		err = convapi.Decode(body, &request)
	}
	if err == nil {
		err = request.Validate()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	now := time.Now()
	answer, err := convapi.Marshal(convapi.SendMessageResponse{MessageID: gateway.NewIDAt(0, now).String(), AcceptedTime: convapi.At(now)})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // the load sees what is missing
}

// listen serves with net/http on a port of its own.
func listen(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // a listener of our own cannot fail without our doing
		}
	}()
	return "http://" + l.Addr().String(), func() { s.Close(); <-ended }, nil
}

func newClient(connections int) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: 2 * connections, MaxIdleConnsPerHost: 2 * connections}}
}
