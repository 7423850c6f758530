// Package demo is a gateway that can be tried at once: with simulated
// providers, a project, an app, contacts, and a webhook whose callbacks are
// printed. It must not do anything that a customer could not do over the API.
package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"switchyard/convapi"
	"switchyard/internal/app"
	"switchyard/internal/channel"
	"switchyard/internal/config"
	"switchyard/internal/inbox"
	"switchyard/internal/sim"
)

// Config is what the demo is built of.
type Config struct {
	config.Demo
	// Gateway has the defaults of everything that Demo does not name.
	Gateway  config.Serve
	Version  string
	Channels []channel.Definition
	Log      *slog.Logger
	// Out gets what a person reads: what there is, then a line a callback.
	Out io.Writer
}

// The demo's project and the id of its access key.
const (
	project = "demo"
	keyID   = "demo"
)

// demo is a running demo.
type demo struct {
	cfg       Config
	providers *sim.Providers
	gateway   *app.App
	inbox     *http.Server
	inboxURL  string
	secret    convapi.Secret // of the webhook
	app       convapi.App
	contacts  []convapi.Contact
	stored    bool // in what outlives the demo
	failed    chan error
}

// Run is the demo until ctx ends or something fails.
func Run(ctx context.Context, cfg Config) (err error) {
	d := &demo{cfg: cfg, secret: convapi.Secret(rand.Text()), stored: cfg.Store != "", failed: make(chan error, 1)}
	if !d.stored {
		dir, err := os.MkdirTemp("", "switchyard-demo")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		d.cfg.Store = "sqlite:" + filepath.Join(dir, "demo.db")
	}
	if d.cfg.KeySecret == "" {
		d.cfg.KeySecret = convapi.Secret(rand.Text())
	}
	defer d.stop()
	if err := d.start(ctx); err != nil {
		return err
	}
	d.introduce()
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.gateway.Failed():
		return err
	case err := <-d.providers.Failed():
		return err
	case err := <-d.failed:
		return err
	}
}

// start starts the gateway last: it finds its providers, and its webhook finds
// its inbox.
func (d *demo) start(ctx context.Context) (err error) {
	if err := d.startInbox(); err != nil {
		return err
	}
	if d.providers, err = sim.Start(d.cfg.Providers, d.cfg.Log); err != nil {
		return err
	}
	serve := d.cfg.Gateway
	serve.Listen, serve.AdminListen, serve.BatchListen, serve.Store = d.cfg.Listen, d.cfg.AdminListen, d.cfg.BatchListen, d.cfg.Store
	serve.ProjectID, serve.KeyID, serve.KeySecret = project, keyID, string(d.cfg.KeySecret)
	serve.AllowPrivateTargets = true
	if d.gateway, err = app.Start(ctx, app.Config{
		Serve: serve, Version: d.cfg.Version, Channels: d.cfg.Channels, Log: d.cfg.Log, Out: io.Discard,
	}); err != nil {
		return err
	}
	if err := d.furnish(ctx); err != nil {
		return fmt.Errorf("furnish the demo: %w", err)
	}
	d.providers.Graph.SetCallbackURL(d.gateway.URL() + "/channels/" + d.app.ID + "/WHATSAPP")
	return d.awaitBind(ctx)
}

func (d *demo) startInbox() error {
	l, err := net.Listen("tcp", d.cfg.InboxListen)
	if err != nil {
		return err
	}
	d.inboxURL = "http://" + l.Addr().String()
	d.inbox = &http.Server{
		Handler:           inbox.New(inbox.Config{Secret: d.secret, Out: d.cfg.Out}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(d.cfg.Log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := d.inbox.Serve(l); err != http.ErrServerClosed {
			d.failed <- err
		}
	}()
	return nil
}

// bindTime is how long the gateway may take to bind to the message centre, on
// a busy machine; it takes milliseconds.
const bindTime = 5 * time.Second

// awaitBind lets the first SMS find a bound session: without one it would be
// tried again a second later, which is right and puzzling.
func (d *demo) awaitBind(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bindTime)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for d.providers.SMSC.Sessions() == 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("the gateway did not bind to the simulated message centre within %s", bindTime)
		}
	}
	return nil
}

// stop ends the gateway first, whose last reports and callbacks the others
// take.
func (d *demo) stop() {
	if d.gateway != nil {
		d.gateway.Stop()
	}
	if d.providers != nil {
		d.providers.Close()
	}
	if d.inbox != nil {
		d.inbox.Close()
	}
}
