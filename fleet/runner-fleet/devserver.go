package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"runner/fleet/settings"
)

// serverProgram is the development server: a program of its own, as it is ten times as
// large as all the rest, and nobody with a server elsewhere needs it.
const serverProgram = "runner-fleet-devserver"

// A devServer is a development server that runs as a child. It ends when its standard
// input does, and so with this process, however that ends.
type devServer struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   string        // the file that has what it wrote
	ended chan struct{} // closed when it has ended
	err   error         // how, once it has
}

// startServer starts the development server, and waits until it responds.
func (p *program) startServer(ctx context.Context, d dev, s settings.Server, log *os.File) (*devServer, error) {
	program, err := d.program, error(nil)
	if program == "" {
		if program, err = p.FindProgram(serverProgram, "from the sources, once, in some minutes: go -C fleet/devserver build -o FOLDER/"+serverProgram+" . with a FOLDER of $PATH"); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(program, "-address", s.Address, "-state", d.state, "-ui", d.ui, "-namespaces", s.Namespace, "-until-eof")
	cmd.Stderr, cmd.SysProcAttr = log, ownGroup() // Ctrl-C is for this process, which ends it last
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the server cannot be started: %w", err)
	}
	server := &devServer{cmd: cmd, stdin: stdin, log: log.Name(), ended: make(chan struct{})}
	ready := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "listening at ") {
				close(ready)
			}
		}
		server.err = cmd.Wait()
		close(server.ended)
	}()
	select {
	case <-ready:
		return server, nil
	case <-server.ended:
		return nil, server.failure()
	case <-ctx.Done():
		server.stop()
		return nil, ctx.Err()
	}
}

// await returns when the context ends, or with an error when the server does.
func (s *devServer) await(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.ended:
		return s.failure()
	}
}

// statement matches what SQL an error is of, which can be a page long.
var statement = regexp.MustCompile(`error executing statement "(?:[^"\\]|\\.)*": `)

// failure returns why the server ended, in its own words where it said any.
func (s *devServer) failure() error {
	said := statement.ReplaceAllString(strings.TrimPrefix(lastLine(s.log), "error: "), "")
	return fmt.Errorf("the server ended: %s", cmp.Or(said, fmt.Sprint(cmp.Or(s.err, errors.New("exit 0")))))
}

// stop lets the server write what it has, and end.
func (s *devServer) stop() {
	s.stdin.Close()
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}
