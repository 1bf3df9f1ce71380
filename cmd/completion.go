package cmd

import (
	"fmt"
	"slices"
	"strings"

	"runner/diagnostic"

	"github.com/urfave/cli/v2"
)

// completions are the scripts that a shell reads. They ask the program itself
// for what can follow, and fall back to files.
var completions = map[string]string{
	"bash": `_runner_complete() {
  local cur="${COMP_WORDS[COMP_CWORD]}" words
  if [ "${cur:0:1}" = - ]; then
    words="$("${COMP_WORDS[@]:0:COMP_CWORD}" "$cur" --generate-bash-completion 2>/dev/null)"
  else
    words="$("${COMP_WORDS[@]:0:COMP_CWORD}" --generate-bash-completion 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _runner_complete runner
`,
	"zsh": `#compdef runner
_runner() {
  local -a words_now
  words_now=("${(@f)$("${words[@]:0:$((CURRENT-1))}" --generate-bash-completion 2>/dev/null)}")
  if [ -n "${words_now[1]}" ]; then
    _describe 'runner' words_now
  fi
  _files
}
compdef _runner runner
`,
}

func (p *Program) completionCommand() *cli.Command {
	shells := []string{"bash", "fish", "zsh"}
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes runner's commands and flags",
		ArgsUsage: strings.Join(shells, "|"),
		Description: "bash: source <(runner completion bash)\n" +
			"zsh:  source <(runner completion zsh)\n" +
			"fish: runner completion fish | source",
		BashComplete: func(*cli.Context) { fmt.Fprintln(p.Out, strings.Join(shells, "\n")) },
		Action: func(c *cli.Context) error {
			shell := c.Args().First()
			if c.NArg() != 1 || !slices.Contains(shells, shell) {
				return (&diagnostic.Problem{Msg: "completion takes the name of a shell"}).WithHint("bash, fish or zsh")
			}
			script := completions[shell]
			if shell == "fish" {
				var err error
				if script, err = c.App.ToFishCompletion(); err != nil {
					return err
				}
			}
			_, err := fmt.Fprint(p.Out, script)
			return err
		},
	}
}
