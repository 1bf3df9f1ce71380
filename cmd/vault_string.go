package cmd

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/flags"
	"runner/cmd/ui"
	"runner/cmd/vaults"
	"runner/playbooks/vault"
)

// stringOptions are those of encrypt_string.
type stringOptions struct {
	names     []string
	stdinName string
	prompt    bool
	showInput bool
}

func stringFlags(o *vaultOptions) []cli.Flag {
	return []cli.Flag{
		flags.Strings(&o.names, "name,n", "the `NAME` of the value (repeatable, one for each)"),
		flags.String(&o.stdinName, "stdin-name", "take a value from standard input and give it this `NAME`"),
		flags.Bool(&o.prompt, "prompt,p", "ask for the value"),
		flags.Bool(&o.showInput, "show-input", "show the value while it is typed"),
	}
}

// A namedText is a value to seal. Its name may be empty.
type namedText struct {
	name, from string
	text       []byte
}

func (v *vaultCommand) encryptString(ctx context.Context) error {
	texts := slices.DeleteFunc(slices.Clone(v.args), func(arg string) bool { return arg == "-" })
	fromStdin := len(texts) < len(v.args) || v.stdinName != "" || len(texts) == 0 && !v.prompt
	if fromStdin && v.prompt {
		return errors.New("--prompt and standard input exclude each other: keep one of them")
	}
	keys, err := v.keys(ctx, true)
	if err != nil {
		return err
	}
	with, err := vaults.Choose(&v.Streams, keys, v.label)
	if err != nil {
		return err
	}
	var all []namedText
	if v.prompt {
		typed, err := v.typedText(ctx)
		if err != nil {
			return err
		}
		all = append(all, typed)
	}
	if fromStdin {
		if ui.IsTerminal(v.In) {
			fmt.Fprintln(v.Err, "type the value, and end it with control-D")
		}
		text, err := vaults.ReadAll(v.In)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		all = append(all, namedText{v.stdinName, "standard input", text})
	}
	return v.writeStrings(append(all, v.namedTexts(texts)...), with)
}

// namedTexts returns the values of the command line with the names of --name.
func (v *vaultCommand) namedTexts(texts []string) []namedText {
	names := v.names
	if len(names) > 0 && len(names) < len(texts) {
		fmt.Fprintf(v.Err, "warning: there are fewer names than values; those after %q get none\n", names[len(names)-1])
	}
	var all []namedText
	for i, text := range texts {
		t := namedText{from: "the command line", text: []byte(text)}
		if i < len(names) {
			t.name = names[i]
		}
		all = append(all, t)
	}
	return all
}

// typedText has the user type a name, and a value.
func (v *vaultCommand) typedText(ctx context.Context) (namedText, error) {
	tty, done, err := v.Terminal()
	if err != nil {
		return namedText{}, errors.New("there is no terminal to ask for the value on; give it as an argument or on standard input")
	}
	defer done()
	in := bufio.NewReader(tty)
	fmt.Fprint(v.Err, "Variable name (enter for none): ")
	name, err := in.ReadString('\n')
	if err != nil {
		return namedText{}, fmt.Errorf("no name was typed: %w", err)
	}
	t := namedText{name: strings.TrimSpace(name), from: "the terminal"}
	if !v.showInput {
		t.text, err = v.Hidden(ctx, tty, "Value (hidden): ")
		return t, err
	}
	fmt.Fprint(v.Err, "Value: ")
	line, err := in.ReadString('\n')
	t.text = []byte(strings.TrimRight(line, "\r\n"))
	return t, err
}

// writeStrings seals values and writes them as YAML. Several are listed on
// standard error.
func (v *vaultCommand) writeStrings(all []namedText, with vault.Secret) error {
	var out bytes.Buffer
	for _, t := range all {
		if len(t.text) == 0 {
			return fmt.Errorf("the value from %s is empty; nothing was sealed", t.from)
		}
		sealed, err := vault.Encrypt(t.text, with)
		if err != nil {
			return err
		}
		if t.name != "" {
			out.WriteString(t.name + ": ")
		}
		out.WriteString("!vault |\n")
		for line := range bytes.Lines(sealed) {
			out.WriteString("          ")
			out.Write(line)
		}
	}
	if len(all) > 1 {
		for i, t := range all {
			fmt.Fprintf(v.Err, "# %d: %s, from %s\n", i+1, cmp.Or(t.name, "a value without a name"), t.from)
		}
	}
	f, err := vaults.Output(cmp.Or(v.output, "-"), out.Bytes())
	if err != nil {
		return err
	}
	return f.Write(v.Out)
}
