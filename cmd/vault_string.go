package cmd

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"runner/cmd/ui"
	"runner/playbooks/vault"
)

const (
	nameFlag      = "name"
	stdinNameFlag = "stdin-name"
	promptFlag    = "prompt"
	showFlag      = "show-input"
)

func stringFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: nameFlag, Aliases: []string{"n"}, Usage: "the `NAME` of the value (repeatable, one for each)"},
		&cli.StringFlag{Name: stdinNameFlag, Usage: "take a value from standard input and give it this `NAME`"},
		&cli.BoolFlag{Name: promptFlag, Aliases: []string{"p"}, Usage: "ask for the value"},
		&cli.BoolFlag{Name: showFlag, Usage: "show the value while it is typed"},
	}
}

// A namedText is a value to seal. Its name may be empty.
type namedText struct {
	name, from string
	text       []byte
}

func (p *Program) vaultEncryptString(c *cli.Context) error {
	texts := slices.DeleteFunc(c.Args().Slice(), func(arg string) bool { return arg == "-" })
	fromStdin := len(texts) < c.NArg() || c.String(stdinNameFlag) != "" || len(texts) == 0 && !c.Bool(promptFlag)
	if fromStdin && c.Bool(promptFlag) {
		return errors.New("--prompt and standard input exclude each other: keep one of them")
	}
	keys, err := p.vaultKeys(c, true)
	if err != nil {
		return err
	}
	with, err := p.encryptSecret(keys, c.String(encryptIDFlag))
	if err != nil {
		return err
	}
	var all []namedText
	if c.Bool(promptFlag) {
		typed, err := p.typedText(c)
		if err != nil {
			return err
		}
		all = append(all, typed)
	}
	if fromStdin {
		if ui.IsTerminal(p.In) {
			fmt.Fprintln(p.Err, "type the value, and end it with control-D")
		}
		text, err := readAllOf(p.In)
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		all = append(all, namedText{c.String(stdinNameFlag), "standard input", text})
	}
	return p.writeStrings(c, append(all, p.namedTexts(c, texts)...), with)
}

// namedTexts gives the values of the command line the names that --name gives them.
func (p *Program) namedTexts(c *cli.Context, texts []string) []namedText {
	names := c.StringSlice(nameFlag)
	if len(names) > 0 && len(names) < len(texts) {
		fmt.Fprintf(p.Err, "warning: there are fewer names than values; those after %q get none\n", names[len(names)-1])
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

// typedText has a person type a name, and a value.
func (p *Program) typedText(c *cli.Context) (namedText, error) {
	tty, done, err := p.Terminal()
	if err != nil {
		return namedText{}, errors.New("there is no terminal to ask for the value on; give it as an argument or on standard input")
	}
	defer done()
	in := bufio.NewReader(tty)
	fmt.Fprint(p.Err, "Variable name (enter for none): ")
	name, err := in.ReadString('\n')
	if err != nil {
		return namedText{}, fmt.Errorf("no name was typed: %w", err)
	}
	t := namedText{name: strings.TrimSpace(name), from: "the terminal"}
	if !c.Bool(showFlag) {
		t.text, err = p.Hidden(c.Context, tty, "Value (hidden): ")
		return t, err
	}
	fmt.Fprint(p.Err, "Value: ")
	line, err := in.ReadString('\n')
	t.text = []byte(strings.TrimRight(line, "\r\n"))
	return t, err
}

// writeStrings seals values and writes them as YAML. Several are told apart on
// standard error.
func (p *Program) writeStrings(c *cli.Context, all []namedText, with vault.Secret) error {
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
			fmt.Fprintf(p.Err, "# %d: %s, from %s\n", i+1, cmp.Or(t.name, "a value without a name"), t.from)
		}
	}
	f, err := outputFile(cmp.Or(c.String(outputFlag), "-"), out.Bytes())
	if err != nil {
		return err
	}
	return p.writeVaultFile(f)
}
