// Runner makes a platform match what a playbook declares: it orders, finds and
// removes managed databases and other add-ons.
package main

import (
	"context"
	"os"

	"runner/cmd"
)

func main() {
	p := cmd.Program{
		In:     os.Stdin,
		Out:    os.Stdout,
		Err:    os.Stderr,
		Getenv: os.Getenv,
		Args:   os.Args,
	}
	os.Exit(p.Run(context.Background()))
}
