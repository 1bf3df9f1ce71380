// Runner makes a platform match what a playbook declares: it orders, finds and
// removes managed databases and other add-ons.
package main

import (
	"os"

	"runner/cmd"
)

func main() { os.Exit(cmd.Main()) }
