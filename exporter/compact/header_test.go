package compact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHeadersThatCannotTravel would keep all spans waiting.
func TestHeadersThatCannotTravel(t *testing.T) {
	for name, value := range map[string]string{"x key": "a", "": "a", "x-tenant": "caf\u00e9", "x-line": "a\nb", "jcallgraph-sender": "a", "grpc-timeout": "1S", ":path": "/"} {
		_, err := New(WithHeaders(map[string]string{name: value}))
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "caf", "values may be secret")
	}
	e, err := New(WithHeaders(map[string]string{"Authorization": "Bearer a=b", "x-key-bin": "\x00\xff", "a_b.c": "~"}))
	require.NoError(t, err)
	require.NoError(t, e.Shutdown(t.Context()))
}
