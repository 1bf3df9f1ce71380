package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/diagnostic"
	"runner/fleet/seal"
)

func (p *program) keyCommand() *cli.Command {
	var id, first string
	return &cli.Command{
		Name: "key", Usage: "add a key to the codec's, or let one of them encrypt", ArgsUsage: "[FILE]", Before: takesAtMostOne,
		Description: "FILE is codec_key_file of fleet.yml if left out; it is created for its owner alone. A new key decrypts, and encrypts once it is " +
			"the first: a machine that lacks it could not read what it encrypts, so every machine gets its line before --first. " +
			"A key is printed only where FILE is -, as a line of such a file. docs/fleet.md says how keys are replaced.",
		Flags: []cli.Flag{
			flags.String(&id, "id", "call the new key `ID` (default: today's date)"),
			flags.String(&first, "first", "make no key: let the one that is called `ID` encrypt").Complete(p.keyIDs),
		},
		Action: func(c *cli.Context) error {
			path, err := p.keyFile(c.Args().First())
			switch {
			case err != nil:
				return err
			case first != "" && (id != "" || path == "-"):
				return (&diagnostic.Problem{Msg: "--first goes with a file, and makes no key"}).WithHint("runner fleet key --first %s codec.keys", first)
			case first != "":
				err = seal.FirstKey(path, first)
				if err == nil {
					fmt.Fprintf(p.Out, "%s: the key %q encrypts, on machines that have the file so\n", path, first)
				}
				return err
			case path == "-":
				line, err := seal.NewLine(cmp.Or(id, time.Now().Format(time.DateOnly)))
				fmt.Fprint(p.Out, line)
				return err
			}
			return p.addKey(path, id)
		},
	}
}

// keyFile returns the file that is meant.
func (p *program) keyFile(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	f, err := p.settings()
	if err == nil && f.Server.CodecKeys == "" {
		err = (&diagnostic.Problem{Msg: p.file + " names no codec_key_file"}).WithHint("add it below server, or name a file: runner fleet key codec.keys")
	}
	if err != nil {
		return "", err
	}
	return f.Server.CodecKeys, nil
}

// addKey adds a key to a file, called as today if it has no name.
func (p *program) addKey(path, id string) error {
	var has []string
	if keys, err := seal.ReadKeys(path); err == nil { // what is wrong is reported below
		has = keys.IDs()
	}
	today := time.Now().Format(time.DateOnly)
	if id == "" {
		id = today
		for n := 2; slices.Contains(has, id); n++ {
			id = fmt.Sprintf("%s-%d", today, n)
		}
	}
	if err := seal.AddKey(path, id); err != nil {
		return err
	}
	if len(has) == 0 {
		fmt.Fprintf(p.Out, "%s: the key %q was made, and encrypts; give every machine of the fleet the file\n", path, id)
		return nil
	}
	fmt.Fprintf(p.Out, "%s: the key %q was added, and decrypts; once every machine has its line: runner fleet key --first %s\n", path, id, id)
	return nil
}

// keyIDs completes the id of a key.
func (p *program) keyIDs(r flags.Request) flags.Values {
	named := ""
	if len(r.Files) > 0 {
		named = r.Files[0]
	}
	path, err := p.keyFile(named)
	if err != nil {
		return flags.Values{}
	}
	keys, err := seal.ReadKeys(path)
	if err != nil {
		return flags.Values{}
	}
	return flags.Texts(keys.IDs()...)
}
