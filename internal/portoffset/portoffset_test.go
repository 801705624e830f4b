package portoffset_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/internal/portoffset"
)

func TestLocal(t *testing.T) {
	env := func(value string) func(string) string { return func(string) string { return value } }
	for value, want := range map[string]string{"": "127.0.0.1:4317", "0": "127.0.0.1:4317", "10000": "127.0.0.1:14317", "61218": "127.0.0.1:65535"} {
		got, err := portoffset.Local(env(value), 4317)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, value := range []string{"x", "-1", "61219", "1.5", " 1"} {
		_, err := portoffset.Local(env(value), 4317)
		require.EqualError(t, err, `JCG_PORT_OFFSET="`+value+`": must be a whole number from 0 to 61218`)
	}
}
