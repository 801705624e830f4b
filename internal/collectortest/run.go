// Package collectortest runs the built collector for tests, on free ports and
// with a store of its own, and asks it through its public API. It decides which
// binary is tested: build/jcallgraph, or the one that JCG_BINARY names; without
// one the test skips.
package collectortest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Ports of the built-in configuration.
const (
	PortGRPC    = 4317
	PortHTTP    = 4318
	PortCompact = 4319
	PortSelf    = 8888
	PortScrape  = 8889
	PortHealth  = 13133
	PortQuery   = 16686
)

// Patience is how long anything may take that is waited for: some of it takes
// half a minute by itself, and a busy machine may stand still for as long.
const Patience = 2 * time.Minute

// Binary is the absolute path of the collector.
func Binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("JCG_BINARY")
	if path == "" {
		path = filepath.Join(root(t), "build", "jcallgraph")
	}
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no collector to test: make build, or set JCG_BINARY: %v", err)
	}
	return path
}

// root is the folder of the module that the test belongs to.
func root(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	require.NoError(t, err)
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
	}
	require.Fail(t, "no go.mod above the test")
	return ""
}

// Run is one run of the collector.
type Run struct {
	Output *Output
	Code   int // the exit code, once the process is gone

	t      *testing.T
	cmd    *exec.Cmd
	store  string
	offset int
	exited chan struct{} // closed when the process is gone
}

// Launch starts the collector without waiting for it. The environment says
// where its store and its ports are. Without arguments it is the built-in one.
func Launch(t *testing.T, store string, offset int, args ...string) *Run {
	t.Helper()
	if len(args) == 0 {
		args = []string{"--config", "builtin:all-in-one"}
	}
	r := &Run{t: t, store: store, offset: offset, Output: &Output{}, exited: make(chan struct{})}
	r.cmd = exec.Command(Binary(t), args...) //nolint:noctx // the test's cleanup ends it, by the signal under test
	r.cmd.Env = append(os.Environ(), "JCG_DATA="+store, "JCG_PORT_OFFSET="+strconv.Itoa(offset))
	r.cmd.Stdout, r.cmd.Stderr = r.Output, r.Output
	require.NoError(t, r.cmd.Start())
	go func() {
		_ = r.cmd.Wait() // the exit code tells
		r.Code = r.cmd.ProcessState.ExitCode()
		close(r.exited)
	}()
	t.Cleanup(func() {
		r.Stop(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("output of the collector:\n%s", r.Output)
		}
	})
	return r
}

// Start launches the collector on free ports and waits until it is healthy.
func Start(t *testing.T, store string, args ...string) *Run {
	t.Helper()
	r := Launch(t, store, FreeOffset(t), args...)
	r.WaitHealthy()
	return r
}

// Restart starts a collector as this one: same store, ports and arguments.
func (r *Run) Restart() *Run {
	r.t.Helper()
	next := Launch(r.t, r.store, r.offset, r.cmd.Args[1:]...)
	next.WaitHealthy()
	return next
}

// WaitHealthy waits for the health check to pass.
func (r *Run) WaitHealthy() {
	r.t.Helper()
	r.Eventually("health check", func(ctx context.Context) error {
		_, err := r.Get(ctx, PortHealth, "/")
		return err
	})
}

// Signal sends a signal.
func (r *Run) Signal(s syscall.Signal) { _ = r.cmd.Process.Signal(s) } // it may be gone

// Stop sends a signal and waits for the end; it is safe twice.
func (r *Run) Stop(s syscall.Signal) {
	r.Signal(s)
	select {
	case <-r.exited:
	case <-time.After(Patience):
		r.t.Errorf("the collector lives %s after %s", Patience, s)
		_ = r.cmd.Process.Kill()
		<-r.exited
	}
}

// Fails waits for the process to end by itself with an error.
func (r *Run) Fails() string {
	r.t.Helper()
	select {
	case <-r.exited:
	case <-time.After(Patience):
		require.Fail(r.t, "the collector should have failed to start", "%s", r.Output)
	}
	require.NotZero(r.t, r.Code, "exit code")
	return r.Output.String()
}

// Address is where a port of the built-in configuration is in this run.
func (r *Run) Address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+r.offset))
}

// URL is the same for HTTP.
func (r *Run) URL(port int, path string) string { return "http://" + r.Address(port) + path }

// Get returns the body of an answer 200.
func (r *Run) Get(ctx context.Context, port int, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL(port, path), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, resp.Status, body)
	}
	return body, err
}

// Eventually repeats a check until it passes, the process ends or time is up.
func (r *Run) Eventually(what string, check func(context.Context) error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), Patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		if err := check(ctx); err == nil {
			return
		} else if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-tick.C:
		case <-r.exited:
			require.Failf(r.t, "the collector ended", "waiting for %s: %v\n%s", what, last, r.Output)
		case <-ctx.Done():
			require.Failf(r.t, "time is up", "waiting %s for %s: %v", Patience, what, last)
		}
	}
}
