package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"switchyard/internal/config"
)

type checkConfigCommand struct {
	config.Serve
}

// Run prints what serve would work with and where each value comes from; that
// it gets here means that nothing is wrong.
func (*checkConfigCommand) Run(line *kong.Context) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, flag := range line.Selected().Flags {
		fmt.Fprintf(table, "%s\t%s\t%s\n", flag.Name, shown(flag), source(line, flag))
	}
	return table.Flush()
}
