// Package completion speaks with the shells that complete command lines: the
// scripts that they read, the words that they pass, and what they get back. It knows
// the shells, and not what can stand where.
package completion

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"runner/cmd/flags"
)

// Shells lists those that there is a script for.
func Shells() []string { return []string{"bash", "fish", "zsh"} }

// Script returns what a shell reads to complete the program of a name.
func Script(shell, program string) string {
	return strings.ReplaceAll(scripts[shell], "PROGRAM", program)
}

// Command is the hidden command that the scripts call: with the shell's name and
// the words up to the cursor.
const Command = "__complete"

// scripts ask the program itself for what can follow. It prints one value a line,
// with a tab and what it is for behind it; a line ":files" means that a file can
// follow, too.
var scripts = map[string]string{
	"bash": `# bash completion for PROGRAM
_PROGRAM_complete() {
  local line words=()
  COMPREPLY=()
  type compopt >/dev/null 2>&1 && compopt +o default +o bashdefault
  while IFS= read -r line; do
    case "$line" in
      :files) type compopt >/dev/null 2>&1 && compopt -o default -o bashdefault ;;
      *=) type compopt >/dev/null 2>&1 && compopt -o nospace; COMPREPLY+=("$line") ;;
      ?*) COMPREPLY+=("$line") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o bashdefault -o default -F _PROGRAM_complete PROGRAM
`,
	"zsh": `#compdef PROGRAM
_PROGRAM() {
  local line files=0
  local -a values shown current
  current=("${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}")
  for line in "${(@f)$("${words[1]}" __complete zsh "${current[@]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) files=1 ;;
      *) values+=("${line%%$'\t'*}"); shown+=("${line/$'\t'/  -- }") ;;
    esac
  done
  if (( ${#values} )); then
    local -a plain joined displays
    local i
    for i in {1..${#values}}; do
      if [[ "${values[$i]}" == *= ]]; then joined+=("${values[$i]}"); else plain+=("${values[$i]}"); displays+=("${shown[$i]}"); fi
    done
    (( ${#plain} )) && compadd -l -d displays -a plain
    (( ${#joined} )) && compadd -S '' -a joined
  fi
  if (( files )); then
    compset -P '*='
    _files
  fi
}
if [ "$funcstack[1]" = "_PROGRAM" ]; then
  _PROGRAM "$@"
else
  compdef _PROGRAM PROGRAM
fi
`,
	"fish": `# fish completion for PROGRAM
function __PROGRAM_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] __complete fish $words $current 2>/dev/null)
    if test "$line" = ":files"
      set -l typed (string replace -r '^.*=' '' -- $current)
      set -l glued (string replace -r '[^=]*$' '' -- $current)
      for path in (__fish_complete_path $typed)
        echo $glued$path
      end
    else
      echo $line
    end
  end
end
complete -c PROGRAM -e
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`,
}

// Words returns the words of a command line as a script passed them. The last one
// is that at the cursor, "" where it is still to begin. Bash passes the line whole,
// since it takes words apart at "=" and ":".
func Words(shell string, args []string) []string {
	if shell != "bash" {
		return args
	}
	return split(strings.Join(args, " "))
}

// split splits a line that may end anywhere, inside quotes too.
func split(line string) []string {
	words, word := []string{}, strings.Builder{}
	var quote rune
	escaped, begun := false, false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, begun = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	return append(words, word.String())
}

// Write writes what can follow, as a shell's script reads it: of the values those
// that begin with what is typed.
func Write(w io.Writer, shell, typed string, v flags.Values) error {
	var b strings.Builder
	for _, value := range v.All {
		text := v.Glued + value.Text
		if !strings.HasPrefix(text, typed) || strings.ContainsAny(text, "\n\t") {
			continue
		}
		switch doc, _, _ := strings.Cut(value.Doc, "\n"); {
		case shell == "bash":
			b.WriteString(bashWord(text, typed) + "\n")
		case doc == "":
			b.WriteString(text + "\n")
		default:
			b.WriteString(text + "\t" + doc + "\n")
		}
	}
	if v.Files {
		b.WriteString(":files\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// bashWord returns a value as bash puts it into the line: escaped, and without what
// stands before the last "=" or ":" that is typed, where bash takes words apart.
func bashWord(text, typed string) string {
	text = text[strings.LastIndexAny(typed, "=:")+1:]
	var b strings.Builder
	for _, r := range text {
		if slices.Contains([]rune(" \"'\\$`!*?[](){}<>|&;#~"), r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CheckShell refuses a shell that there is no script for.
func CheckShell(shell string) error {
	if !slices.Contains(Shells(), shell) {
		return fmt.Errorf("there is no completion for %q", shell)
	}
	return nil
}
