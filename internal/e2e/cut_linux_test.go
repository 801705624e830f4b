package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/wire/client"
)

// cutFor is how long a network is cut: several times as long as the client waits
// for an answer.
const cutFor = 20 * time.Second

// elsewhere is another machine, as far as its network is concerned: a network
// namespace with a cable to here.
type elsewhere struct {
	name, cable string
	here        string // this machine's address on the cable
}

func newElsewhere(t *testing.T) elsewhere {
	t.Helper()
	n := rand.IntN(1 << 14)
	net := fmt.Sprintf("10.%d.%d.", 192+n>>8, n&255)
	e := elsewhere{name: fmt.Sprintf("jcg-e2e-%d", n), cable: fmt.Sprintf("jcg%d", n), here: net + "1"}
	t.Cleanup(func() {
		_ = ip("link", "del", e.cable) // they may not be there
		_ = ip("netns", "del", e.name)
	})
	for _, line := range []string{
		"netns add " + e.name,
		"link add " + e.cable + " type veth peer name there netns " + e.name,
		"addr add " + e.here + "/24 dev " + e.cable,
		"link set " + e.cable + " up",
		"-n " + e.name + " addr add " + net + "2/24 dev there",
		"-n " + e.name + " link set there up",
	} {
		if err := ip(strings.Fields(line)...); err != nil {
			t.Skipf("needs the right to make a network: %v", err)
		}
	}
	return e
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil { //nolint:noctx // cleanups run after the test's context
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// plug takes the cable in or out.
func (e elsewhere) plug(t *testing.T, state string) {
	t.Helper()
	require.NoError(t, ip("link", "set", e.cable, state))
}

// dial connects from there. The thread that made the socket there is not used
// again.
func (e elsewhere) dial(ctx context.Context, address string) (net.Conn, error) {
	type result struct {
		net.Conn
		error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // for ever: the thread ends with the goroutine
		c, err := e.connect(ctx, address)
		done <- result{c, err}
	}()
	r := <-done
	return r.Conn, r.error
}

func (e elsewhere) connect(ctx context.Context, address string) (net.Conn, error) {
	f, err := os.Open("/run/netns/" + e.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter %s: %w", e.name, err)
	}
	return new(net.Dialer).DialContext(ctx, "tcp4", address)
}

// TestACutNetworkLosesNothing: no packet goes between a sender and the collector
// for a while, neither end is told.
func TestACutNetworkLosesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("cuts a network for " + cutFor.String())
	}
	e := newElsewhere(t)
	offset := collectortest.FreeOffset(t)
	address := fmt.Sprintf("%s:%d", e.here, portCompact+offset)
	overlay := file(t, fmt.Sprintf("receivers: {compact: {endpoint: %q}}", address))
	r := launch(t, t.TempDir(), offset, append(patient(t), "--config", overlay)...)
	r.WaitHealthy()
	c := r.compact(t, client.Options{AnswerTimeout: 4 * time.Second, Dial: func(context.Context) (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(e.dial))
	}})
	l := loadBy(c.export)
	l.until(t.Context(), func() {
		l.acknowledged(t, 100)
		began := time.Now()
		c.losesTheStreamBy(t, func() { e.plug(t, "down") })
		time.Sleep(time.Until(began.Add(cutFor)))
		require.False(t, c.Stats().Connected)
		e.plug(t, "up")
		l.acknowledged(t, 100)
	})
	l.finish(t)
	requireStored(t, r, l)
	r.requireWritten(t, l)
	requireCounted(t, r, l)
}
