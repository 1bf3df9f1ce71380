package cmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"runner/clever/emulator"
	"runner/cmd/flags"
	"runner/cmd/help"
	"runner/cmd/platform"
	"runner/diagnostic"
)

// faultHelp tells what --fault takes.
const faultHelp = "A fault is [METHOD:][PATH][:WHICH]=KIND[,WITH]. PATH is a regular expression that is looked for in\n" +
	"the path. WHICH of the requests that match: 2, 2-4, 3+ (from the third on), */3 (each third); all\n" +
	"of them if left out. The kinds:\n\n" +
	"  refuse, cut-before      the connection ends, and nothing is done\n" +
	"  cut-after               the work is done, and the answer lost\n" +
	"  hang, hang-after        no answer comes (,DURATION: for so long); nothing or all is done\n" +
	"  429, 503                too many requests, no capacity (,DURATION: Retry-After)\n" +
	"  html-500, html-503      a proxy's page; nothing is done\n" +
	"  truncated               half of the answer's JSON\n" +
	"  slow,DURATION           the answer comes bit by bit\n" +
	"  expired                 the token is no longer good\n" +
	"  deleted[,ADDON]         somebody removes the add-on (else the path's own) just before\n" +
	"  env-late,DURATION       variables are incomplete while an add-on is younger\n" +
	"  migration-failed        the migration that is asked for fails\n" +
	"  migration-late,DURATION the migration that is asked for takes its time\n\n" +
	"--fault POST:/addons:2=cut-after loses the answer to the second order, --fault :4+=expired lets the\n" +
	"token expire before the fourth request."

// faults reads what --fault gave.
func faults(specs []string) ([]emulator.Fault, error) {
	var all []emulator.Fault
	for _, spec := range specs {
		f, err := emulator.ParseFault(spec)
		if err != nil {
			return nil, (&diagnostic.Problem{Msg: err.Error()}).WithHint("runner emulator --help tells what there is")
		}
		all = append(all, f)
	}
	return all, nil
}

// emulation is what the emulator's command line says.
type emulation struct {
	listen, services, certificate string
	options                       emulator.Options
	faults, vendors               []string
	backing                       platform.Databases
}

func (p *Program) emulatorCommand() *cli.Command {
	var e emulation
	return &cli.Command{
		Name:  "emulator",
		Usage: "serve the platform on this machine",
		Description: "Prints, on standard output and then no more, the lines that point runner and clever-tools at it:\n" +
			"eval \"$(runner emulator &)\" starts it and sets a shell up for it; eval \"$(runner emulator start)\" does the same in a\n" +
			"session of its own, which Ctrl-C does not reach and `runner emulator stop` ends. Where it cannot start, the lines\n" +
			"let every command fail that is run in that shell, so that none of them reaches the real platform.\n\n" + vendorHelp + "\n\n" + faultHelp,
		Flags:       emulatorFlags(&e),
		Subcommands: []*cli.Command{p.emulatorStartCommand(), p.emulatorStopCommand(), p.emulatorStatusCommand()},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				p.announceFailure()
				return help.Unknown(c.Command, c.Args().First())
			}
			return p.serveEmulator(c.Context, e)
		},
	}
}

// emulatorFlags declares the flags of an emulator that is served.
func emulatorFlags(e *emulation) []cli.Flag {
	*e = emulation{listen: "127.0.0.1:8080", services: "127.0.0.1:0"}
	o := &e.options
	o.KnownOwners = true
	return append([]cli.Flag{
		flags.String(&e.listen, "listen", "listen on `ADDRESS` (127.0.0.1:8080 if left out); port 0 takes a free one"),
		flags.String(&o.State, "state", "keep the state in `FILE`; in memory only if left out"),
		flags.Strings(&o.Owners, "owner,emulator-owner", "have an organisation `NAME` (repeatable); orga_… is its id, too"),
		flags.Bool(&o.Strict, "strict", "verify signatures; otherwise any token is good"),
		flags.Bool(&o.StrictTime, "strict-time", "with --strict, refuse signatures of another time, and nonces that were used before"),
		flags.Bool(&o.StrictIDs, "strict-ids", "refuse real ids (postgresql_…) in paths of v2, as the platform began to do in 2026"),
		flags.Bool(&o.StrictOptions, "strict-options", "refuse orders with options that the provider does not have; otherwise they are passed over"),
		flags.Duration(&o.Latency, "latency", "answer after `DURATION`: 20ms"),
		flags.Duration(&o.MigrationTime, "migration-time", "let a migration take `DURATION`, step by step: 2m; none if left out"),
		flags.Strings(&e.faults, "fault", "let something go wrong, as `SPEC` says (repeatable)"),
		flags.String(&e.services, "services", "serve buckets, and refuse who takes a pretended database for one, on `ADDRESS`; none: announce the platform's names"),
		flags.String(&e.certificate, "certificate", "write the certificate of --services to `FILE`, for clients that check it (SSL_CERT_FILE)"),
		vendorFlag(&e.vendors),
	}, databaseFlags(&e.backing)...)
}

// check refuses what does not go together.
func (e emulation) check() error {
	for name, d := range map[string]time.Duration{"latency": e.options.Latency, "migration-time": e.options.MigrationTime} {
		if d < 0 {
			return fmt.Errorf("--%s cannot be negative", name)
		}
	}
	if e.options.StrictTime && !e.options.Strict {
		return errors.New("--strict-time goes with --strict")
	}
	if e.certificate != "" && e.services == noServices {
		return errors.New("--certificate goes with --services")
	}
	return e.backing.Check()
}

// noServices is what --services takes for none.
const noServices = "none"
