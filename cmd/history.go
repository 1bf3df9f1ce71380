package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/history"
	"runner/cmd/ui"
	"runner/diagnostic"
	"runner/orderlog"
)

func (p *Program) historyCommand() *cli.Command {
	last, format := 10, "text"
	return &cli.Command{
		Name:  "history",
		Usage: "list what earlier runs did, and what was under way in those that did not end",
		Description: "Every run notes on this machine when it began and ended, and each change before it is carried\n" +
			"out: names, never values. The newest run comes last. What a run that was killed had under way may\n" +
			"have been done or not: play again, and what is there is found by its name. Orders that nobody knows\n" +
			"the outcome of, and add-ons that were ordered for a scope and not tagged, are listed at the end.",
		Flags: []cli.Flag{
			flags.Int(&last, "last,n", "list the last `N` runs"),
			formatFlag(&format, "text", "json"),
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.Args().Present():
				return (&diagnostic.Problem{Msg: fmt.Sprintf("history takes no argument %q", c.Args().First())}).WithHint("runner history --help")
			case last < 1:
				return fmt.Errorf("--last must be at least 1, not %d", last)
			}
			return p.history(last, format)
		},
	}
}

func (p *Program) history(last int, format string) error {
	dir, err := history.Dir(p.Getenv)
	if err != nil {
		return err
	}
	runs, unreadable, err := history.Read(dir, last)
	if err != nil {
		return err
	}
	if unreadable > 0 {
		p.Warn(fmt.Sprintf("%s of %s cannot be read and left out", ui.Count(unreadable, "line"), history.Path(dir)))
	}
	orders, err := history.OpenOrders(dir)
	if err != nil {
		p.Warn(err.Error())
	}
	for _, r := range runs {
		for _, o := range orders {
			if o.Run == r.Run {
				r.Orders = append(r.Orders, o)
			}
		}
	}
	if format == "json" {
		return p.historyJSON(runs)
	}
	return p.historyText(runs, orders)
}

func (p *Program) historyJSON(runs []*history.Run) error {
	if runs == nil {
		runs = []*history.Run{}
	}
	text, err := json.MarshalIndent(runs, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Out, "%s\n", text)
	return err
}

func (p *Program) historyText(runs []*history.Run, orders []orderlog.Order) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(p.Out, "no run is remembered")
		return err
	}
	var b strings.Builder
	for _, r := range runs {
		r.Text(&b)
	}
	for _, o := range orders {
		b.WriteString(history.OrderText(o))
	}
	_, err := io.WriteString(p.Out, b.String())
	return err
}
