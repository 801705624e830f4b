package collectortest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// FreeOffset is a port offset at which all ports are free, and below those that
// the system gives to outgoing connections.
func FreeOffset(t *testing.T) int {
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
	for _, port := range []int{PortGRPC, PortHTTP, PortCompact, PortSelf, PortScrape, PortHealth, PortQuery} {
		l, err := Listen(t, port+offset)
		if err != nil {
			return false
		}
		require.NoError(t, l.Close())
	}
	return true
}

// Listen takes a port of loopback.
func Listen(t *testing.T, port int) (net.Listener, error) {
	t.Helper()
	return new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// FreePort is one that nobody listens on, in the same range.
func FreePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 18_000 + rand.IntN(14_000)
		if l, err := Listen(t, port); err == nil {
			require.NoError(t, l.Close())
			return port
		}
	}
	require.Fail(t, "no free port")
	return 0
}
