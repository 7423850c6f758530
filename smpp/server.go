package smpp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// Server is the centre's end: it accepts binds and submits. Hooks run on their own goroutines, one per request, and may take their time; any of them may
// return [NoAnswer], deliver on a session, or drop it.
type Server struct {
	SystemID string // told in the answer to a bind
	Limits   Limits // Inbound is the window that is granted to an ESME

	// Bind decides about a bind; nil accepts all.
	Bind func(ctx context.Context, s *Session, bind *Bind) Status
	// Submit decides about a message. A nil answer stands for an empty one. Required.
	Submit func(ctx context.Context, s *Session, sm *SubmitSM) (*SubmitSMResp, Status)
	// Data decides about a data_sm; nil refuses them as an unknown command.
	Data func(ctx context.Context, s *Session, sm *DataSM) (*DataSMResp, Status)

	mu       sync.Mutex
	listener net.Listener
	sessions []*Session
	closed   bool
	conns    sync.WaitGroup
}

// Serve accepts connections until the listener or the server is closed; it returns nil after [Server.Close].
func (v *Server) Serve(listener net.Listener) error {
	v.mu.Lock()
	v.listener = listener
	closed := v.closed
	v.mu.Unlock()
	if closed {
		return listener.Close()
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.closed && errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		v.ServeConn(conn)
	}
}

// ServeConn serves one connection in the background, for transports other than a listener.
func (v *Server) ServeConn(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		_ = conn.Close()
		return
	}
	s := newSession(conn, v.Limits, v.serve)
	v.sessions = append(v.sessions, s)
	v.conns.Go(func() { v.watch(s) })
}

// watch drops a connection that does not bind in time, and forgets one that has ended.
func (v *Server) watch(s *Session) {
	timer := time.NewTimer(s.limits.BindTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
		if s.BindType() == 0 {
			s.Drop()
		}
		<-s.Done()
	case <-s.Done():
	}
	s.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sessions = slices.DeleteFunc(v.sessions, func(other *Session) bool { return other == s })
}

// Sessions gives the sessions that are bound, in the order in which they came.
func (v *Server) Sessions() []*Session {
	v.mu.Lock()
	defer v.mu.Unlock()
	var bound []*Session
	for _, s := range v.sessions {
		if s.BindType() != 0 {
			bound = append(bound, s)
		}
	}
	return bound
}

// Close stops listening, drops all connections and waits until nothing of the server runs any more.
func (v *Server) Close() error {
	v.mu.Lock()
	v.closed = true
	listener, sessions := v.listener, slices.Clone(v.sessions)
	v.mu.Unlock()
	var err error
	if listener != nil {
		err = listener.Close()
	}
	for _, s := range sessions {
		s.Drop()
	}
	v.conns.Wait()
	return err
}

func (v *Server) serve(ctx context.Context, s *Session, request Body) (Body, Status) {
	if bind, ok := request.(*Bind); ok {
		return v.serveBind(ctx, s, bind)
	}
	if s.BindType() == 0 {
		return nil, StatusInvBndSts
	}
	switch m := request.(type) {
	case *SubmitSM:
		if !s.BindType().Sends() {
			return nil, StatusInvBndSts
		}
		resp, status := v.Submit(ctx, s, m)
		if resp == nil {
			return nil, status
		}
		return resp, status
	case *DataSM:
		if v.Data == nil {
			break
		}
		resp, status := v.Data(ctx, s, m)
		if resp == nil {
			return nil, status
		}
		return resp, status
	}
	return &GenericNack{}, StatusInvCmdID
}

func (v *Server) serveBind(ctx context.Context, s *Session, bind *Bind) (Body, Status) {
	if s.BindType() != 0 {
		return nil, StatusAlyBnd
	}
	if v.Bind != nil {
		if status := v.Bind(ctx, s, bind); status != StatusOK {
			return nil, status
		}
	}
	s.markBound(bind.Type, peerInfo{bind.SystemID, bind.InterfaceVersion})
	return &BindResp{Type: bind.Type, SystemID: v.SystemID, TLVs: TLVs{Uint8TLV(TagSCInterfaceVersion, Version34)}}, StatusOK
}
