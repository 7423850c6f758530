package delivery_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"switchyard/convapi"
	"switchyard/internal/delivery"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
	"switchyard/internal/store/storetest"
	"switchyard/internal/webhook"
)

// The benchmarks post the same body to the same sink, which does as little as
// an HTTP/1.1 endpoint can: the bare client is what the other two are to be
// compared with.
//
//	go test -run xxx -bench . -benchtime 20000x ./internal/delivery
var benchBody = []byte(`{"app_id":"` + strings.Repeat("x", 580) + `"}`)

const benchConcurrency = 64

// BenchmarkBareClient is http.Client with 64 callers and kept connections.
func BenchmarkBareClient(b *testing.B) {
	s := newSink(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConcurrency}}
	b.Cleanup(client.CloseIdleConnections)
	b.ReportAllocs()
	var next atomic.Int64
	var callers sync.WaitGroup
	for range benchConcurrency {
		callers.Go(func() {
			for next.Add(1) <= int64(b.N) {
				resp, err := client.Post(s.url, "application/json", bytes.NewReader(benchBody))
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	callers.Wait()
}

// BenchmarkFastPath stores callbacks, 64 in a transaction, and delivers them
// from memory: no more are under way than the window holds.
func BenchmarkFastPath(b *testing.B) {
	s := newSink(b)
	db, d, app := newBenchDeliverer(b, s)
	b.ReportAllocs()
	b.ResetTimer()
	for stored := 0; stored < b.N; {
		s.waitFor(b, stored-(delivery.DefaultWindow-64))
		n := min(b.N-stored, 64)
		storeCallbacks(b, db, d, app, n)
		stored += n
	}
	s.waitFor(b, b.N)
}

// BenchmarkBacklog delivers what is in the log.
func BenchmarkBacklog(b *testing.B) {
	s := newSink(b)
	db, d, app := newBenchDeliverer(b, nil)
	for left := b.N; left > 0; left -= 512 {
		storeCallbacks(b, db, d, app, min(left, 512))
	}
	b.ReportAllocs()
	b.ResetTimer()
	d.Set(benchTarget(app, s, 1))
	s.waitFor(b, b.N)
}

func benchTarget(app gateway.ID, s *sink, since uint64) delivery.Target {
	return delivery.Target{
		ID: gateway.NewID(0), App: app, URL: s.url, Secret: "topsecret", Since: since,
		Triggers: []convapi.Trigger{convapi.TriggerMessageDelivery},
	}
}

func newBenchDeliverer(b *testing.B, s *sink) (*store.DB, *delivery.Deliverer, gateway.ID) {
	db := storetest.Open(b, storetest.SQLite(b))
	poster := webhook.New(webhook.Config{AllowPrivate: true})
	d := delivery.New(delivery.Config{Store: db, Poster: poster, Concurrency: benchConcurrency})
	app := gateway.NewID(1)
	var targets []delivery.Target
	if s != nil {
		targets = append(targets, benchTarget(app, s, 0))
	}
	if err := d.Configure(targets, nil); err != nil {
		b.Fatal(err)
	}
	if err := db.Join(context.Background(), node{func() *delivery.Deliverer { return d }}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { b.StopTimer(); d.Stop(context.Background()); poster.Close() })
	return db, d, app
}

func storeCallbacks(b *testing.B, db *store.DB, d *delivery.Deliverer, app gateway.ID, n int) {
	b.Helper()
	err := db.ApplyOwed(context.Background(), store.Op{Run: func(tx *store.Tx) error {
		for range n {
			d.Append(tx, store.Callback{
				App: app, Message: gateway.NewID(2), Trigger: delivery.TriggerIndex(convapi.TriggerMessageDelivery), Body: benchBody,
			})
		}
		return nil
	}})
	if err != nil {
		b.Fatal(err)
	}
}

// sink answers every POST with 204, reading lines and counting bytes only.
type sink struct {
	url   string
	count atomic.Int64
	more  chan struct{}
}

func newSink(b *testing.B) *sink {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	s := &sink{url: "http://" + ln.Addr().String(), more: make(chan struct{}, 1)}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go s.swallow(conn)
		}
	}()
	return s
}

func (s *sink) waitFor(b *testing.B, n int) {
	b.Helper()
	for s.count.Load() < int64(n) {
		<-s.more
	}
}

func (s *sink) swallow(conn net.Conn) {
	defer conn.Close()
	reader, answer, length := bufio.NewReader(conn), []byte("HTTP/1.1 204 No Content\r\n\r\n"), 0
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if len(line) > 2 {
			continue
		}
		if _, err := reader.Discard(length); err != nil {
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
		s.count.Add(1)
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}
