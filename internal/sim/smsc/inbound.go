package smsc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"switchyard/smpp"
	"switchyard/smpp/coding"
)

const maxBody = 1 << 20 // bytes of an order

// Inbound is a message of a handset.
type Inbound struct {
	From string `json:"from"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// Inbound sends a message of a handset, in parts if it is long, all at once as centres with a window do. It returns when every part was taken.
func (s *Server) Inbound(ctx context.Context, in Inbound) error {
	parts, err := coding.Segment(in.Text, coding.Options{Ref: uint16(s.serial.Add(1))})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	taken := make(chan error, len(parts))
	for _, part := range parts {
		sm := &smpp.SubmitSM{Source: smpp.Address{TON: 1, NPI: 1, Addr: in.From}, Destination: smpp.Address{Addr: in.To}}
		part.Apply(sm)
		go func() { taken <- s.deliver(ctx, nil, (*smpp.DeliverSM)(sm)) }()
	}
	for range parts {
		if e := <-taken; e != nil && err == nil {
			err = e
		}
	}
	return err
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/_sim/log", s.journal)
	mux.Handle("/_sim/faults", s.faults)
	mux.HandleFunc("POST /_sim/inbound", s.controlInbound)
	mux.HandleFunc("POST /_sim/drop", func(http.ResponseWriter, *http.Request) { s.Drop() })
	mux.HandleFunc("POST /_sim/unbind", func(_ http.ResponseWriter, r *http.Request) { s.Unbind(r.Context()) })
	return mux
}

// ServeHTTP implements http.Handler: the control.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.control.ServeHTTP(w, r) }

func (s *Server) controlInbound(w http.ResponseWriter, r *http.Request) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	var in Inbound
	if err := decoder.Decode(&in); err != nil {
		http.Error(w, fmt.Sprintf("decode the message: %v", err), http.StatusBadRequest)
		return
	}
	if err := s.Inbound(r.Context(), in); err != nil {
		http.Error(w, fmt.Sprintf("deliver the message: %v", err), http.StatusBadGateway)
	}
}
