package edgemetric

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSpecNamesAll holds that the spec page has every name of the schema.
func TestSpecNamesAll(t *testing.T) {
	page, err := os.ReadFile("../../docs/spec/edge-metrics.md")
	require.NoError(t, err)
	names := []string{
		Calls, ClientDuration, ServerDuration, QueueDuration, ServerOnlyCalls, ProvisionalCalls, WeightUnknownCalls,
		UnitSeconds, UnitCalls, ScopeName, ScopeVersion,
		AttributeWriter, AttributeSource, AttributeSequence, AttributeInterval, AttributeInstance,
		AttributeConnection, AttributeOutcome, AttributeOpened, AttributeClosed, AttributeFolded, AttributeSumNanos,
	}
	for _, end := range []string{ClientEnd, ServerEnd} {
		for _, key := range []string{EndService, EndNamespace, EndEnvironment, EndOperation, EndNode} {
			names = append(names, end+key)
		}
	}
	names = slices.Concat(names, slices.Collect(maps.Keys(outcomes)), slices.Collect(maps.Keys(nodes)))
	for name := range connections {
		if name != "" {
			names = append(names, name)
		}
	}
	for file := range goldens() {
		names = append(names, file+".json")
	}
	for _, name := range names {
		require.Contains(t, string(page), "`"+name+"`")
	}
}
