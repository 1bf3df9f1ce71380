package cmd

import (
	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
)

// formatFlag declares the flag that chooses among formats, the first of which is
// the default.
func formatFlag(field *string, formats ...string) cli.Flag {
	*field = formats[0]
	return flags.String(field, "format,F", "write `FORMAT`: "+flags.Alternatives(formats)).Of(formats...).Setting()
}
