// Command switchyard is a self-hosted messaging gateway: one HTTP API to reach
// a person over SMS, WhatsApp, Telegram and other channels.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

// Exit codes: 0 after an orderly end, 1 when something failed, 2 when a
// setting is wrong.
const (
	exitFailed = 1
	exitUsage  = 2
)

// commands is the command line. Every flag has an environment twin.
type commands struct {
	Config kong.ConfigFlag `help:"YAML file with settings of the same names." env:"SWITCHYARD_CONFIG" placeholder:"FILE"`

	Serve   serveCommand   `cmd:"" help:"Run the gateway."`
	Bench   benchCommand   `cmd:"" help:"Measure this machine: rates, latencies and ceilings."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

func main() {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("switchyard"),
		kong.Description("A self-hosted messaging gateway that speaks the Conversation API."),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "switchyard:", err)
		os.Exit(exitUsage)
	}
	line, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "switchyard:", err)
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	line.BindTo(ctx, (*context.Context)(nil))
	if err := line.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "switchyard:", err)
		if _, usage := errors.AsType[usageError](err); usage {
			os.Exit(exitUsage)
		}
		os.Exit(exitFailed)
	}
}

// usageError is a wrong setting.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run() error {
	fmt.Println("switchyard", version)
	return nil
}
