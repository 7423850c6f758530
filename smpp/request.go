package smpp

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// The life of a request as the writer sees it. Only a request that is still queued can be withdrawn.
const (
	queued int32 = iota
	writing
	withdrawn
	unwritten // its write failed before the first octet
)

// request is a PDU of ours that waits for its answer.
type request struct {
	command CommandID
	state   atomic.Int32
	reply   chan reply // of one
}

type reply struct {
	pdu PDU
	err error // the body could not be read
}

// outgoing is an encoded PDU on its way to the writer.
type outgoing struct {
	frame   []byte
	request *request      // nil for an answer
	passed  chan struct{} // instead of a frame: closed when all before it is written
}

// Submit hands a message to the centre and returns its answer. Errors are [*NotSentError], [*InDoubtError] or [*StatusError]. It waits for a place in the
// window as long as ctx allows.
func (s *Session) Submit(ctx context.Context, sm *SubmitSM) (*SubmitSMResp, error) {
	if err := s.mayRequest(s.BindType().Sends()); err != nil {
		return nil, err
	}
	if s.PeerVersion() < Version34 && !s.assumeTLVs {
		plain, err := withoutTLVs(sm)
		if err != nil {
			return nil, &NotSentError{err}
		}
		sm = plain
	}
	body, err := s.request(ctx, sm)
	if err != nil {
		return nil, err
	}
	return body.(*SubmitSMResp), nil
}

// Deliver hands a message or a receipt to the ESME, from the centre's end of a session. Errors are as with [Session.Submit].
func (s *Session) Deliver(ctx context.Context, sm *DeliverSM) error {
	if err := s.mayRequest(s.BindType().Receives()); err != nil {
		return err
	}
	_, err := s.request(ctx, sm)
	return err
}

// DeliverData does the same with a data_sm.
func (s *Session) DeliverData(ctx context.Context, sm *DataSM) error {
	if err := s.mayRequest(s.BindType().Receives()); err != nil {
		return err
	}
	_, err := s.request(ctx, sm)
	return err
}

// mayRequest refuses a request for which the session is not bound.
func (s *Session) mayRequest(direction bool) error {
	switch {
	case direction:
		return nil
	case s.left.Load():
		return &NotSentError{s.reason()}
	case s.BindType() == 0:
		return &NotSentError{ErrNotBound}
	}
	return &NotSentError{ErrWrongBind}
}

// withoutTLVs takes the optional parameters off, for a centre older than 3.4, unless the message is not the same without them.
func withoutTLVs(sm *SubmitSM) (*SubmitSM, error) {
	for _, essential := range []Tag{TagMessagePayload, TagSarMsgRefNum} {
		if _, ok := sm.TLVs.Get(essential); ok {
			return nil, ErrVersion
		}
	}
	plain := *sm
	plain.TLVs = nil
	return &plain, nil
}

// request is a round trip within the window.
func (s *Session) request(ctx context.Context, body Body) (Body, error) {
	if err := ctx.Err(); err != nil {
		return nil, &NotSentError{err}
	}
	if s.left.Load() { // a free place must not win against it in the select below
		return nil, &NotSentError{s.reason()}
	}
	select {
	case s.window <- struct{}{}:
		defer func() { <-s.window }()
	case <-ctx.Done():
		return nil, &NotSentError{ctx.Err()}
	case <-s.leaving:
		return nil, &NotSentError{s.reason()}
	}
	return s.roundTrip(ctx, body, s.limits.ResponseTimeout)
}

// reason says why no new request may start.
func (s *Session) reason() error {
	if err := s.Err(); err != nil {
		return err
	}
	return ErrUnbound
}

// roundTrip writes a request and waits for its answer.
func (s *Session) roundTrip(ctx context.Context, body Body, timeout time.Duration) (Body, error) {
	r := &request{command: body.Command(), reply: make(chan reply, 1)}
	sequence := s.register(r)
	defer s.forget(sequence)
	frame, err := PDU{Sequence: sequence, Body: body}.Append(nil)
	if err != nil {
		return nil, &NotSentError{err}
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case s.out <- outgoing{frame: frame, request: r}:
	case <-ctx.Done():
		return nil, &NotSentError{ctx.Err()}
	case <-timer.C:
		return nil, &NotSentError{ErrResponseTimeout}
	case <-s.ctx.Done():
		return nil, &NotSentError{s.Err()}
	}
	select {
	case answer := <-r.reply:
		return answer.judge(r.command)
	case <-ctx.Done():
		return nil, r.abandon(ctx.Err())
	case <-timer.C:
		return nil, r.abandon(ErrResponseTimeout)
	case <-s.ctx.Done():
	}
	<-s.written // from now on the request's state is final
	select {
	case answer := <-r.reply: // it came just before the end
		return answer.judge(r.command)
	default:
		return nil, r.abandon(s.Err())
	}
}

// abandon withdraws the request if the writer has not yet touched it, and says how certain that leaves us.
func (r *request) abandon(err error) error {
	if r.state.CompareAndSwap(queued, withdrawn) || r.state.Load() == unwritten {
		return &NotSentError{err}
	}
	return &InDoubtError{err}
}

// judge turns the answer into the caller's result. A failing status counts even if the rest of the answer is broken.
func (a reply) judge(command CommandID) (Body, error) {
	if a.pdu.Status != StatusOK {
		return nil, &StatusError{Command: command, Status: a.pdu.Status}
	}
	if a.err != nil {
		return nil, &InDoubtError{a.err}
	}
	if got := a.pdu.Body.Command(); got != command|responseBit {
		return nil, &InDoubtError{fmt.Errorf("%w: %s after %s", ErrAnswer, got, command)}
	}
	return a.pdu.Body, nil
}

// register gives the request a sequence_number that is not in use.
func (s *Session) register(r *request) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		s.sequence = s.sequence%maxSequence + 1
		if _, used := s.pending[s.sequence]; !used {
			s.pending[s.sequence] = r
			return s.sequence
		}
	}
}

func (s *Session) forget(sequence uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, sequence)
}

// settle gives an answer to the request that waits for it. One that nobody waits for any more is dropped.
func (s *Session) settle(p PDU, err error) {
	if _, nack := p.Body.(*GenericNack); nack && p.Sequence == 0 {
		s.fail(ErrOutOfStep)
		return
	}
	s.mu.Lock()
	r := s.pending[p.Sequence]
	delete(s.pending, p.Sequence)
	s.mu.Unlock()
	if r == nil {
		return
	}
	if resp, ok := p.Body.(*BindResp); ok && p.Status == StatusOK && r.command == CommandID(resp.Type) {
		// Here, not in Connect: a deliver_sm may follow in the same segment, and must find us bound.
		version, _ := resp.TLVs.Uint8(TagSCInterfaceVersion)
		s.markBound(resp.Type, peerInfo{resp.SystemID, version})
	}
	r.reply <- reply{p, err}
}

// answer queues the answer to a request. It blocks when the other end does not read; the writer's time limit then ends the session.
func (s *Session) answer(request PDU, body Body, status Status) {
	if status == NoAnswer {
		return
	}
	if body == nil {
		body = answerTo(request.Body)
	}
	frame, err := PDU{Status: status, Sequence: request.Sequence, Body: body}.Append(nil)
	if err != nil {
		s.fail(err)
		return
	}
	select {
	case s.out <- outgoing{frame: frame}:
	case <-s.ctx.Done():
	}
}

// flush returns when all that is queued has been written.
func (s *Session) flush(ctx context.Context) error {
	passed := make(chan struct{})
	select {
	case s.out <- outgoing{passed: passed}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeLoop writes what is queued, as much as there is in one go.
func (s *Session) writeLoop() {
	defer close(s.written)
	var buf []byte
	for {
		select {
		case <-s.ctx.Done():
			return
		case first := <-s.out:
			batch := s.collect(first)
			var err error
			if buf, err = s.write(buf[:0], batch); err != nil {
				s.fail(fmt.Errorf("write: %w", err))
				return
			}
		}
	}
}

// collect takes what is queued behind the first, up to writeBatch.
func (s *Session) collect(first outgoing) []outgoing {
	batch := []outgoing{first}
	for size := len(first.frame); size < writeBatch; {
		select {
		case next := <-s.out:
			batch = append(batch, next)
			size += len(next.frame)
		default:
			return batch
		}
	}
	return batch
}

// write sends a batch and, when that fails, tells the requests that nothing of them has gone out from the others.
func (s *Session) write(buf []byte, batch []outgoing) ([]byte, error) {
	starts := make([]int, len(batch))
	for i, o := range batch {
		starts[i] = len(buf)
		if o.request == nil || o.request.state.CompareAndSwap(queued, writing) {
			buf = append(buf, o.frame...)
		}
	}
	if len(buf) > 0 {
		err := s.conn.SetWriteDeadline(time.Now().Add(s.limits.WriteTimeout))
		n := 0
		if err == nil {
			n, err = s.conn.Write(buf)
		}
		if err != nil {
			for i, o := range batch {
				if o.request != nil && starts[i] >= n {
					o.request.state.CompareAndSwap(writing, unwritten)
				}
			}
			return buf, err
		}
	}
	for _, o := range batch {
		if o.passed != nil {
			close(o.passed)
		}
	}
	return buf, nil
}

// errAsStatus finds the other end's refusal in an error; StatusOK when there is none.
func errAsStatus(err error) Status {
	var refused *StatusError
	if errors.As(err, &refused) {
		return refused.Status
	}
	return StatusOK
}
