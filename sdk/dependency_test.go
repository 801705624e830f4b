package sdk_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLinks: an application that uses the SDK links no collector, no store and
// no client of one.
func TestLinks(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".", "./debug").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "go.opentelemetry.io/otel/sdk/trace\n")
	for dep := range strings.FieldsSeq(string(out)) {
		for _, foreign := range []string{
			"go.opentelemetry.io/collector", "redis", "elastic", "opensearch", "pebble", "prometheus", "otelconf",
			"jcallgraph/storage", "jcallgraph/extension", "testify", "/testing",
		} {
			require.NotContains(t, dep, foreign)
		}
	}
}
