package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asShop makes this test's executable the shop, for itself and its children.
const asShop = "SHOP_TEST_AS_SHOP"

func TestMain(m *testing.M) {
	if os.Getenv(asShop) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// patience is how long anything may take that is waited for: some of it takes
// half a minute by itself, and a busy machine may stand still for as long.
const patience = 2 * time.Minute

// look is how often one looks meanwhile.
const look = 50 * time.Millisecond

// process is a supervisor that runs.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	output output
	exited chan struct{}
}

// output is what a process wrote so far.
type output struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.String()
}

// start runs "shop up" on free ports.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, exited: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], append([]string{"up"}, args...)...) //nolint:noctx // the cleanup ends it
	p.cmd.Env = append(os.Environ(), asShop+"=1", "TMPDIR="+t.TempDir(), "KAFKA_BROKER=")
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	// Those of its children who outlive it may hold its output, as they may
	// where a test has failed.
	p.cmd.WaitDelay = time.Second
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the exit code tells
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("output of the shop:\n%s", &p.output)
		}
	})
	return p
}

// signal sends a signal and waits for the end; it is safe twice.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	_ = p.cmd.Process.Signal(s) // it may be gone
	p.awaitExit()
}

func (p *process) awaitExit() {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the shop lives on after %s", patience)
	}
}

var greeting = regexp.MustCompile(`curl -X POST (http://\S+)/orders`)

// gateway is the URL that the shop's greeting names.
func (p *process) gateway() (url string) {
	p.t.Helper()
	p.eventually(func() bool {
		found := greeting.FindStringSubmatch(p.output.String())
		if found != nil {
			url = found[1]
		}
		return found != nil
	}, "the shop greets")
	return url
}

func (p *process) eventually(condition func() bool, what string) {
	p.t.Helper()
	require.Eventually(p.t, condition, patience, look, what)
}

// request returns the answer's status and body. It may be called by any goroutine.
func request(t *testing.T, method, url, body string) (int, string) {
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if !assert.NoError(t, err) {
		return 0, ""
	}
	response, err := http.DefaultClient.Do(r)
	if !assert.NoError(t, err) {
		return 0, ""
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	assert.NoError(t, err)
	return response.StatusCode, string(content)
}
