// Package child runs a server for a benchmark: it decides when the server is
// ready, how it is stopped, and what it has cost.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jcallgraph/jcallgraph/internal/procstat"
)

// Command is a server to start.
type Command struct {
	Path string
	Args []string
	Env  []string // in addition to the benchmark's own
	// Listens are addresses that accept connections once the server is ready,
	// and Answers a URL that answers 200.
	Listens []string
	Answers string
	// Log is the file that gets what it prints.
	Log string
}

// Server is a running Command.
type Server struct {
	command Command
	cmd     *exec.Cmd
	log     *os.File
	exited  chan struct{} // closed once err and state are set
	err     error
	began   procstat.Usage
	peak    atomic.Int64
	watched chan struct{}
}

const (
	startLimit = 2 * time.Minute
	stopLimit  = 5 * time.Minute
	watchEvery = 50 * time.Millisecond
)

// Start returns when the server is ready. Its usage counts from then on.
func Start(ctx context.Context, c Command) (*Server, error) {
	log, err := os.Create(c.Log)
	if err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	s := &Server{command: c, cmd: exec.CommandContext(ctx, c.Path, c.Args...), log: log, exited: make(chan struct{}), watched: make(chan struct{})}
	s.cmd.Env = append(withoutTuning(os.Environ()), c.Env...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.Path, err), log.Close())
	}
	go s.wait()
	go s.watch()
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Kill(), s.tail())
	}
	s.began, err = procstat.Of(s.cmd.Process.Pid)
	if err != nil {
		return nil, errors.Join(err, s.Kill())
	}
	return s, nil
}

// withoutTuning takes out what would tune the Go runtime of one server and
// strangle that of another.
func withoutTuning(environment []string) []string {
	return slices.DeleteFunc(environment, func(v string) bool {
		return strings.HasPrefix(v, "GOMEMLIMIT=") || strings.HasPrefix(v, "GOGC=")
	})
}

func (s *Server) wait() {
	s.err = s.cmd.Wait()
	close(s.exited)
}

// watch follows the memory, whose peak is gone once the process has ended: that
// of its resource usage may be the parent's.
func (s *Server) watch() {
	defer close(s.watched)
	for {
		if u, err := procstat.Of(s.cmd.Process.Pid); err == nil {
			s.peak.Store(max(s.peak.Load(), u.PeakRSS))
		}
		select {
		case <-s.exited:
			return
		case <-time.After(watchEvery):
		}
	}
}

func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := s.check(ctx)
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended before it was ready: %w", s.command.Path, s.err)
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %v: %w", s.command.Path, startLimit, err)
		case <-time.After(watchEvery):
		}
	}
}

func (s *Server) check(ctx context.Context) error {
	for _, address := range s.command.Listens {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		conn.Close() // only whether it opened counts
	}
	if s.command.Answers == "" {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.command.Answers, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", s.command.Answers, answer.Status)
	}
	return nil
}

// Usage since the server was ready; PeakRSS is since it was started.
func (s *Server) Usage() (procstat.Usage, error) {
	u, err := procstat.Of(s.cmd.Process.Pid)
	u.CPU -= s.began.CPU
	u.PeakRSS = max(u.PeakRSS, s.peak.Load())
	return u, err
}

// Stop asks the server to end, as an operator does, and returns its usage, that
// of stopping included.
func (s *Server) Stop() (procstat.Usage, error) {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return procstat.Usage{}, fmt.Errorf("stop %s: %w", s.command.Path, err)
	}
	select {
	case <-s.exited:
	case <-time.After(stopLimit):
		return procstat.Usage{}, errors.Join(fmt.Errorf("%s has not ended %v after SIGTERM", s.command.Path, stopLimit), s.Kill())
	}
	usage := s.final()
	if s.err != nil {
		return usage, errors.Join(fmt.Errorf("%s ended badly: %w", s.command.Path, s.err), s.tail())
	}
	return usage, nil
}

// Kill ends the server as a crash does: nothing is flushed. It is safe to call
// after Stop.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", s.command.Path, err)
	}
	<-s.exited
	s.final()
	return nil
}

// final usage of a process that has ended.
func (s *Server) final() procstat.Usage {
	<-s.watched
	s.log.Close() // written by the process, which is gone
	state := s.cmd.ProcessState
	return procstat.Usage{CPU: state.UserTime() + state.SystemTime() - s.began.CPU, PeakRSS: s.peak.Load()}
}

// tail is the end of the log as an error.
func (s *Server) tail() error {
	const most = 2000
	f, err := os.Open(s.command.Log)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, io.SeekEnd) // else all of it
	}
	text, err := io.ReadAll(f)
	return errors.Join(err, fmt.Errorf("its log %s ends with:\n%s", s.command.Log, text))
}
