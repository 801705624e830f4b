package dependency_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
)

// FuzzObserver takes any spans, twice.
func FuzzObserver(f *testing.F) {
	marshal := func(td ptrace.Traces) []byte {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(f, err)
		return b
	}
	f.Add(marshal(benchBatch(2)), true)
	f.Add(marshal(ptrace.NewTraces()), false)
	f.Fuzz(func(t *testing.T, b []byte, assume bool) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		if err != nil {
			return
		}
		o := dependency.New(dependency.Options{AssumeComplete: assume, MaxSpans: 16, MaxSites: 4})
		o.Add(td, start)
		o.Add(td, start)
		o.Expire(start.Add(time.Hour))
		o.Expire(start.Add(3 * time.Hour))
		require.Zero(t, o.Stats().Spans)
		for _, r := range o.Take(100) {
			back, err := strength.ParseRecord(r.Append(nil))
			require.NoError(t, err)
			require.Equal(t, r, back)
			strength.Judge(r.Evidence, strength.Evidence{}, strength.Unknown)
		}
	})
}
