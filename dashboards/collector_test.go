package dashboards

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// soon makes the collector show a call some seconds after it came.
const soon = "connectors: {call_graph: {pairing_window: 1s, open_time: 3s, prometheus: {interval: 1s}}}"

// collector is a run of the built collector.
type collector struct{ offset int }

// start runs the collector on free ports until the test ends.
func start(t *testing.T) collector {
	t.Helper()
	binary := binaryPath(t)
	overlay := filepath.Join(t.TempDir(), "overlay.yaml")
	require.NoError(t, os.WriteFile(overlay, []byte(soon), 0o600))
	c := collector{offset: freeOffset(t)}
	cmd := exec.Command(binary, "--config", "builtin:all-in-one", "--config", overlay) //nolint:noctx // the cleanup ends it, after the test's context
	cmd.Env = append(os.Environ(), "JCG_DATA="+t.TempDir(), "JCG_PORT_OFFSET="+strconv.Itoa(c.offset))
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
	})
	eventually(t, "the health check", func(ctx context.Context) error { return c.healthy(ctx) })
	return c
}

func binaryPath(t *testing.T) string {
	t.Helper()
	path := os.Getenv("JCG_BINARY")
	if path == "" {
		path = filepath.Join("..", "build", "jcallgraph")
	}
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no collector to test: make build, or set JCG_BINARY: %v", err)
	}
	return path
}

func (c collector) address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+c.offset))
}

func (c collector) healthy(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address(portHealth), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("health check: %s", resp.Status)
	}
	return nil
}

// eventually repeats a check until it passes or time is up.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.Failf(t, "time is up", "waiting %s for %s: %v", patience, what, err)
		}
	}
}

// freeOffset is a port offset at which all ports are free, and below those that
// the system gives to outgoing connections.
func freeOffset(t *testing.T) int {
	t.Helper()
	for range 100 {
		if offset := 1000 + rand.IntN(15_000); allFree(t, offset) {
			return offset
		}
	}
	require.Fail(t, "no free ports")
	return 0
}

func allFree(t *testing.T, offset int) bool {
	t.Helper()
	for _, port := range []int{portGRPC, portHTTP, portSelf, portScrape, portHealth, portQuery} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", collector{offset}.address(port))
		if err != nil {
			return false
		}
		require.NoError(t, l.Close())
	}
	return true
}
