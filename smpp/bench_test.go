package smpp

import (
	"context"
	"net"
	"testing"
)

// BenchmarkSubmit is a submit and its answer over loopback TCP, with a full window.
func BenchmarkSubmit(b *testing.B) {
	server := &Server{
		Limits: Limits{Inbound: 1000},
		Submit: func(context.Context, *Session, *SubmitSM) (*SubmitSMResp, Status) {
			return &SubmitSMResp{MessageID: "1"}, StatusOK
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s, err := Connect(b.Context(), Account{Addr: listener.Addr().String(), SystemID: "gw"}, Transmitter, Limits{Window: 100}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(50)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Submit(b.Context(), to("46701112233")); err != nil {
				b.Error(err)
				return
			}
		}
	})
	s.Close()
	if err := server.Close(); err != nil {
		b.Error(err)
	}
	if err := <-served; err != nil {
		b.Error(err)
	}
}

func BenchmarkDecode(b *testing.B) {
	frame, err := PDU{Sequence: 1, Body: to("46701112233")}.Append(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
