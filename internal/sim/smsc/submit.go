package smsc

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"switchyard/internal/sim/fault"
	"switchyard/internal/sim/journal"
	"switchyard/smpp"
	"switchyard/smpp/coding"
)

// submit takes one message, with the fault that is due.
func (s *Server) submit(ctx context.Context, session *smpp.Session, sm *smpp.SubmitSM) (*smpp.SubmitSMResp, smpp.Status) {
	f := s.faults.Take(sm.Destination.Addr)
	if status := refusal(f); status != smpp.StatusOK {
		s.record(sm, f, "", false)
		return nil, status
	}
	if f.Kind == fault.DropBefore {
		s.record(sm, f, "", false)
		session.Drop()
		return nil, smpp.NoAnswer
	}
	id := s.serial.Add(1)
	answer, receipt := s.ids(id)
	s.record(sm, f, answer, true)
	r := reporting{session: session, sm: sm, id: receipt, fault: f}
	if f.Kind == fault.Early {
		s.report(ctx, r)
		return &smpp.SubmitSMResp{MessageID: answer}, smpp.StatusOK
	}
	if f.Kind == fault.Slow && !pause(ctx, f.Delay()) {
		return nil, smpp.NoAnswer
	}
	s.reports.Go(func() {
		if pause(s.ctx, s.config.ReportAfter) {
			s.report(s.ctx, r)
		}
	})
	if f.Kind == fault.DropAfter {
		session.Drop()
		return nil, smpp.NoAnswer
	}
	return &smpp.SubmitSMResp{MessageID: answer}, smpp.StatusOK
}

// refusal is the command_status of a fault that refuses.
func refusal(f fault.Fault) smpp.Status {
	switch f.Kind {
	case fault.Refuse:
		return smpp.Status(f.Code)
	case fault.Throttle:
		return smpp.StatusThrottled
	case fault.Status:
		return smpp.StatusSysErr
	}
	return smpp.StatusOK
}

// ids writes a number as the answer has it and as the receipt has it.
func (s *Server) ids(n uint64) (answer, receipt string) {
	n += 0x10000000 // so that decimal and hexadecimal differ in every case
	decimal, hex := strconv.FormatUint(n, 10), strconv.FormatUint(n, 16)
	switch s.config.IDForm {
	case coding.IDRespHexDlrDec:
		return hex, decimal
	case coding.IDRespDecDlrHex:
		return decimal, hex
	}
	return decimal, decimal
}

func (s *Server) record(sm *smpp.SubmitSM, f fault.Fault, ref string, accepted bool) {
	received := coding.Read((*smpp.DeliverSM)(sm), coding.GSM7Unpacked)
	kind := "text"
	if p := received.Place; p.Total > 0 {
		kind = fmt.Sprintf("part %d of %d", p.Seq, p.Total)
	}
	s.journal.Add(journal.Entry{
		At: time.Now(), Ref: ref, To: sm.Destination.Addr, Type: kind, Text: received.Text, Accepted: accepted, Fault: f.Kind,
	})
}

// pause is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
