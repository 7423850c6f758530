package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"switchyard/internal/channel"
)

const (
	// pollLimit is how many updates one poll brings; 100 is Telegram's most.
	pollLimit = 100
	// maxPoll is how long Telegram holds a poll that has nothing to bring.
	maxPoll = 25 * time.Second
	// backoffFirst doubles up to backoffCap while Telegram cannot be reached or
	// does not want us.
	backoffFirst = time.Second
	backoffCap   = time.Minute
)

// pollTime leaves half of the client's time limit (0: none) to the network.
func pollTime(limit time.Duration) time.Duration {
	if limit > 0 && limit/2 < maxPoll {
		return max((limit / 2).Truncate(time.Second), time.Second)
	}
	return maxPoll
}

// Run keeps the bot's way of getting updates as the credential wants it until
// ctx ends: it registers the webhook and waits, or removes any and polls.
func (a *adapter) Run(ctx context.Context, sink channel.Sink) error {
	if a.secret != "" {
		a.persist(ctx, "register the webhook", a.setWebhook)
		<-ctx.Done()
		return nil
	}
	a.persist(ctx, "remove the webhook", func(ctx context.Context) error {
		_, err := a.call(ctx, "deleteWebhook", struct{}{})
		return err
	})
	var offset int64
	for ctx.Err() == nil {
		a.persist(ctx, "poll", func(ctx context.Context) error {
			next, err := a.poll(ctx, sink, offset)
			offset = max(offset, next)
			return err
		})
	}
	return nil
}

func (a *adapter) setWebhook(ctx context.Context) error {
	_, err := a.call(ctx, "setWebhook", struct {
		URL            string   `json:"url"`
		SecretToken    string   `json:"secret_token"`
		AllowedUpdates []string `json:"allowed_updates"`
	}{a.callbackURL, a.secret, allowedUpdates()})
	return err
}

// poll asks once and delivers. It gives the offset of the next poll, which
// confirms to Telegram what this one delivered.
func (a *adapter) poll(ctx context.Context, sink channel.Sink, offset int64) (int64, error) {
	res, err := a.call(ctx, "getUpdates", struct {
		Offset         int64    `json:"offset,omitempty"`
		Limit          int      `json:"limit"`
		Timeout        int      `json:"timeout"`
		AllowedUpdates []string `json:"allowed_updates"`
	}{offset, pollLimit, int(a.pollFor / time.Second), allowedUpdates()})
	if err != nil {
		return 0, err
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(res.Result, &raws); err != nil {
		return 0, fmt.Errorf("parse the updates: %w", err)
	}
	var batch channel.Batch
	var taps []string
	var next int64
	for _, raw := range raws {
		u, err := parse(raw)
		if err != nil {
			a.log.Warn("update cannot be read", "error", err)
			continue
		}
		a.inbound(&batch, u)
		next = max(next, u.ID+1)
		if u.CallbackQuery != nil {
			taps = append(taps, u.CallbackQuery.ID)
		}
	}
	if len(raws) > 0 && next == 0 {
		return 0, errors.New("none of the updates has an id")
	}
	if len(batch.Inbound) > 0 {
		if err := sink.Deliver(ctx, batch); err != nil {
			return 0, fmt.Errorf("deliver the updates: %w", err)
		}
	}
	for _, id := range taps {
		if _, err := a.call(ctx, "answerCallbackQuery", answerCallback{ID: id}); err != nil {
			// The tap is stored; only the button spins on for a while.
			a.log.Debug("tap not acknowledged", "error", err)
		}
	}
	return next, nil
}

// persist does a step until it succeeds or ctx ends, with growing waits, or
// those that Telegram asks for.
func (a *adapter) persist(ctx context.Context, what string, step func(context.Context) error) {
	for wait := backoffFirst; ctx.Err() == nil; wait = min(2*wait, backoffCap) {
		err := step(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		pause := max(wait, channel.AsFailure(err).RetryAfter)
		a.log.Warn("telegram: step failed", "step", what, "error", err, "again_in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}
