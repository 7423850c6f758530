package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"switchyard/internal/webhook"
)

// The benchmarks share one sink, which does as little as an HTTP/1.1 endpoint
// can, so that the difference between them is what signing, classifying and
// guarding cost:
//
//	go test -run xxx -bench . -cpu 1,2 ./internal/webhook
const benchBodySize = 600 // a delivery report with identity and metadata

func benchBody() []byte {
	return []byte(`{"app_id":"` + strings.Repeat("x", benchBodySize-13) + `"}`)
}

func BenchmarkPost(b *testing.B) {
	target, body := sink(b), benchBody()
	poster := newPoster(b, webhook.Config{})
	defer reportProcessor(b, processor(b))
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			out := poster.Post(context.Background(), webhook.Request{Target: target, Secret: "topsecret", ID: "01J0BBBBBBBBBBBBBBBBBBBBBB", Body: body})
			if out.Class != webhook.Delivered {
				b.Errorf("outcome %+v", out)
				return
			}
		}
	})
}

// BenchmarkBareClient is the ceiling: http.Client with kept connections, the
// same body and no signature.
func BenchmarkBareClient(b *testing.B) {
	target, body := sink(b), benchBody()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.Cleanup(client.CloseIdleConnections)
	defer reportProcessor(b, processor(b))
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := barePost(client, target, body); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// processor is the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportProcessor reports that of each operation, the sink's included. It says
// more than the time that passes on a machine that others use.
func reportProcessor(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(processor(b)-before)/float64(b.N)/1000, "cpu-µs/op")
}

func barePost(client *http.Client, target string, body []byte) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// sink answers every POST with 204, reading lines and counting bytes only.
func sink(b *testing.B) (url string) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go swallow(conn)
		}
	}()
	return "http://" + ln.Addr().String()
}

func swallow(conn net.Conn) {
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
	}
}
