package collectortest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPortsAreGivenOnce: another test gets none of them while this one runs,
// though nobody listens yet, and may have them afterwards.
func TestPortsAreGivenOnce(t *testing.T) {
	var offset, port int
	t.Run("held", func(t *testing.T) {
		offset, port = FreeOffset(t), FreePort(t)
		require.False(t, claim(t, offset, ports...))
		require.False(t, claim(t, offset, PortQuery))
		require.False(t, claim(t, port, 0))
		l, err := Listen(t, PortQuery+offset)
		require.NoError(t, err, "the test itself may listen")
		require.NoError(t, l.Close())
	})
	require.True(t, claim(t, offset, ports...))
	require.True(t, claim(t, port, 0))
}

func TestAPortThatIsTakenIsNotGiven(t *testing.T) {
	port := FreePort(t)
	l, err := Listen(t, port)
	require.NoError(t, err)
	defer l.Close()
	require.False(t, free(t, port))
}
