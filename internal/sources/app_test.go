package sources

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

// transport is how an SDK sends.
type transport struct {
	protocol string
	port     int
}

var (
	overHTTP = transport{"http/protobuf", collectortest.PortHTTP}
	overGRPC = transport{"grpc", collectortest.PortGRPC}
)

// app is one running service.
type app struct {
	name string
	via  transport
	back string // URL of the service it asks; none
}

// startApp runs an example as its page tells, and returns its URL.
func startApp(t *testing.T, p pair, folder string, a app) string {
	t.Helper()
	port := collectortest.FreePort(t)
	output := &collectortest.Output{}
	cmd := exec.Command("sh", "-ec", a.script(t, p, folder)) //nolint:noctx // the cleanup ends the whole process group
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, output, output
	cmd.Env = append(plainEnvironment(), "PORT="+strconv.Itoa(port), "OTEL_BSP_SCHEDULE_DELAY=100", "JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
	if a.back != "" {
		cmd.Env = append(cmd.Env, "BACK="+a.back)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may be gone
		_ = cmd.Wait()                                      // killed
		if t.Failed() {
			t.Logf("output of %s:\n%s", a.name, output)
		}
	})
	p.Eventually(a.name+" to listen", func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	return loopback(port)
}

// script is the page's settings and command, with this test's name and port.
func (a app) script(t *testing.T, p pair, folder string) string {
	t.Helper()
	settings := replace(t, read(t, filepath.Join(examples, "settings.sh")), map[string]string{
		"my-service": a.name, "http/protobuf": a.via.protocol, "127.0.0.1:4318": p.Address(a.via.port),
	})
	return settings + read(t, filepath.Join(folder, "run.sh"))
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// replace requires that everything to be replaced is there.
func replace(t *testing.T, text string, by map[string]string) string {
	t.Helper()
	for from, to := range by {
		require.Contains(t, text, from)
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

// plainEnvironment is this process's without settings for SDKs.
func plainEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OTEL_") })
}
