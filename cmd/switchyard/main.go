// Command switchyard is a self-hosted messaging gateway: one HTTP API to reach
// a person over SMS, WhatsApp, Telegram and other channels.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
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

// commands is the command line.
type commands struct {
	Config configFile `placeholder:"FILE" help:"YAML file with settings of the same names."`

	Serve       serveCommand       `cmd:"" help:"Run the gateway."`
	Demo        demoCommand        `cmd:"" help:"Run the gateway with simulated providers and a webhook inbox, ready to try."`
	Simulate    simulateCommand    `cmd:"" help:"Run simulated providers only: SMS, WhatsApp, Telegram."`
	Listen      listenCommand      `cmd:"" help:"Print the callbacks that a webhook gets."`
	Bench       benchCommand       `cmd:"" help:"Measure this machine: rates, latencies and ceilings."`
	Migrate     migrateCommand     `cmd:"" help:"Make or upgrade the tables of a store."`
	Backup      backupCommand      `cmd:"" help:"Copy a SQLite store, beside the gateway that works on it."`
	Restore     restoreCommand     `cmd:"" help:"Make a SQLite store of a backup."`
	CheckConfig checkConfigCommand `cmd:"" help:"Check the gateway's settings and print what is in force."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

const description = `A self-hosted messaging gateway that speaks the Conversation API.

Every flag has an environment twin (--webhook-timeout is SWITCHYARD_WEBHOOK_TIMEOUT) and a name in the file of --config (webhook-timeout). A flag goes before the environment, the environment before the file.`

// newParser makes the parser of the command line.
func newParser(cli *commands) (*kong.Kong, error) {
	return kong.New(cli,
		kong.Name("switchyard"),
		kong.Description(description),
		kong.DefaultEnvars("SWITCHYARD"),
		kong.ValueFormatter(helpOf),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "project", Title: "First project; made on an empty store and printed once if not given:"},
			{Key: "callbacks", Title: "Callbacks to webhooks:"},
			{Key: "retention", Title: "How long things are kept, beside the policies of the apps:"},
			{Key: "rates", Title: "Limits a second, over all nodes together; 0 is none:"},
			{Key: "log", Title: "Log, on standard error:"},
			{Key: "smsc", Title: "SMS, a message centre that speaks SMPP 3.4:"},
			{Key: "graph", Title: "WhatsApp, a Graph API:"},
			{Key: "botapi", Title: "Telegram, a Bot API:"},
		}),
	)
}

// helpOf is the help of a flag with its default. The environment's name is
// left out: it follows from the flag's.
func helpOf(v *kong.Value) string {
	if !v.HasDefault {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (" + v.Default + ")."
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run carries out one command and gives the exit code.
func run(args []string) int {
	if len(args) == 0 {
		return complain(errors.New("no command; switchyard --help lists them"), exitUsage)
	}
	var cli commands
	parser, err := newParser(&cli)
	if err != nil {
		return complain(err, exitUsage)
	}
	line, err := parser.Parse(args)
	if err != nil {
		return complain(err, exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	line.BindTo(ctx, (*context.Context)(nil))
	err = line.Run()
	_, usage := errors.AsType[usageError](err)
	switch {
	case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil: // ended while it started
		return 0
	case usage:
		return complain(err, exitUsage)
	}
	return complain(explain(line, err), exitFailed)
}

// complain says in one line what is wrong.
func complain(err error, code int) int {
	fmt.Fprintln(os.Stderr, "switchyard:", strings.ReplaceAll(err.Error(), "\n", "; "))
	return code
}

// explain names the flag whose address is taken by another program.
func explain(line *kong.Context, err error) error {
	operation, ok := errors.AsType[*net.OpError](err)
	if !ok || operation.Op != "listen" || !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	taken := operation.Addr.String()
	for _, flag := range line.Selected().Flags {
		if strings.HasSuffix(flag.Name, "listen") && flag.Target.String() == taken {
			return fmt.Errorf("%s is taken by another program; choose another address with --%s", taken, flag.Name)
		}
	}
	return fmt.Errorf("%s is taken by another program", taken)
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
