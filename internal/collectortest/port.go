package collectortest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// ports of the built-in configuration.
var ports = []int{PortGRPC, PortHTTP, PortCompact, PortSelf, PortScrape, PortHealth, PortQuery}

// FreeOffset is a port offset at which all ports are free, and below those that
// the system gives to outgoing connections. Until the test ends no other test is
// given one of them, in whatever process: also while its collector has not begun
// to listen, or is being restarted.
func FreeOffset(t *testing.T) int {
	t.Helper()
	for range 100 {
		offset := 1000 + rand.IntN(15_000)
		if claim(t, offset, ports...) {
			return offset
		}
	}
	require.Fail(t, "no free ports")
	return 0
}

// FreePort is one that nobody listens on, in the same range and as long the
// test's own.
func FreePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 18_000 + rand.IntN(14_000)
		if claim(t, port, 0) {
			return port
		}
	}
	require.Fail(t, "no free port")
	return 0
}

// claim holds the UDP ports of the same numbers, which nothing else here uses:
// the system gives each to one process only, and takes them back from one that dies.
func claim(t *testing.T, offset int, ports ...int) bool {
	t.Helper()
	var held []net.PacketConn
	for _, port := range ports {
		c, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", loopback(port+offset))
		if err == nil {
			held = append(held, c)
		}
		if err != nil || !free(t, port+offset) {
			release(t, held)
			return false
		}
	}
	t.Cleanup(func() { release(t, held) })
	return true
}

func release(t *testing.T, held []net.PacketConn) {
	for _, c := range held {
		require.NoError(t, c.Close())
	}
}

func free(t *testing.T, port int) bool {
	t.Helper()
	l, err := Listen(t, port)
	if err != nil {
		return false
	}
	require.NoError(t, l.Close())
	return true
}

// Listen takes a port of loopback.
func Listen(t *testing.T, port int) (net.Listener, error) {
	t.Helper()
	return new(net.ListenConfig).Listen(t.Context(), "tcp", loopback(port))
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
