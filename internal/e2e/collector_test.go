package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Ports of the built-in configuration.
const (
	portGRPC   = 4317
	portHTTP   = 4318
	portSelf   = 8888
	portScrape = 8889
	portHealth = 13133
	portQuery  = 16686
)

// patience is how long anything may take that is waited for.
const patience = time.Minute

// collector is the absolute path of the collector.
func collector(t *testing.T) string {
	t.Helper()
	path := os.Getenv("JCG_BINARY")
	if path == "" {
		path = filepath.Join("..", "..", "build", "jcallgraph")
	}
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no collector to test: make build, or set JCG_BINARY: %v", err)
	}
	return path
}

// run is one run of the collector.
type run struct {
	t      *testing.T
	cmd    *exec.Cmd
	store  string
	offset int
	output *output
	exited chan struct{} // closed when the process is gone
	code   int
}

// launch starts the collector without waiting for it. The environment says
// where its store and its ports are.
func launch(t *testing.T, store string, offset int, args ...string) *run {
	t.Helper()
	if len(args) == 0 {
		args = []string{"--config", "builtin:all-in-one"}
	}
	r := &run{t: t, store: store, offset: offset, output: &output{}, exited: make(chan struct{})}
	r.cmd = exec.Command(collector(t), args...) //nolint:noctx // the test's cleanup ends it, by the signal under test
	r.cmd.Env = append(os.Environ(), "JCG_DATA="+store, "JCG_PORT_OFFSET="+strconv.Itoa(offset))
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	require.NoError(t, r.cmd.Start())
	go func() {
		_ = r.cmd.Wait() // the exit code tells
		r.code = r.cmd.ProcessState.ExitCode()
		close(r.exited)
	}()
	t.Cleanup(func() {
		r.stop(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("output of the collector:\n%s", r.output)
		}
	})
	return r
}

// start waits until the collector is healthy. Without arguments it is the
// built-in one.
func start(t *testing.T, store string, args ...string) *run {
	t.Helper()
	r := launch(t, store, freeOffset(t), args...)
	r.waitHealthy()
	return r
}

// restart starts a collector as this one: same store, ports and arguments.
func (r *run) restart() *run {
	r.t.Helper()
	next := launch(r.t, r.store, r.offset, r.cmd.Args[1:]...)
	next.waitHealthy()
	return next
}

func (r *run) waitHealthy() {
	r.t.Helper()
	r.eventually("health check", func(ctx context.Context) error {
		_, err := r.get(ctx, portHealth, "/")
		return err
	})
}

// stop sends a signal and waits for the end; it is safe twice.
func (r *run) stop(s syscall.Signal) {
	_ = r.cmd.Process.Signal(s) // it may be gone
	select {
	case <-r.exited:
	case <-time.After(patience):
		r.t.Errorf("the collector lives %s after %s", patience, s)
		_ = r.cmd.Process.Kill()
		<-r.exited
	}
}

// fails waits for the process to end by itself with an error.
func (r *run) fails() string {
	r.t.Helper()
	select {
	case <-r.exited:
	case <-time.After(patience):
		require.Fail(r.t, "the collector should have failed to start", "%s", r.output)
	}
	require.NotZero(r.t, r.code, "exit code")
	return r.output.String()
}

func (r *run) address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+r.offset))
}

func (r *run) url(port int, path string) string { return "http://" + r.address(port) + path }

// get returns the body of an answer 200.
func (r *run) get(ctx context.Context, port int, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url(port, path), nil)
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

// eventually repeats a check until it passes, the process ends or time is up.
func (r *run) eventually(what string, check func(context.Context) error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
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
			require.Failf(r.t, "the collector ended", "waiting for %s: %v\n%s", what, last, r.output)
		case <-ctx.Done():
			require.Failf(r.t, "time is up", "waiting %s for %s: %v", patience, what, last)
		}
	}
}

// freeOffset is a port offset at which all ports are free, and below those that
// the system gives to outgoing connections.
func freeOffset(t *testing.T) int {
	t.Helper()
	for range 100 {
		offset := 1000 + rand.IntN(15_000)
		if allFree(t, offset) {
			return offset
		}
	}
	require.Fail(t, "no free ports")
	return 0
}

func allFree(t *testing.T, offset int) bool {
	t.Helper()
	for _, port := range []int{portGRPC, portHTTP, portSelf, portScrape, portHealth, portQuery} {
		l, err := listen(t, port+offset)
		if err != nil {
			return false
		}
		require.NoError(t, l.Close())
	}
	return true
}

func listen(t *testing.T, port int) (net.Listener, error) {
	t.Helper()
	return new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// output keeps what a process writes while others read it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
