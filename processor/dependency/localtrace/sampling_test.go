package localtrace_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

// sampledSpan has randomness 2^55, which meets thresholds up to 8.
func sampledSpan(state, headThreshold string) ptrace.Span {
	s := ptrace.NewSpan()
	s.SetTraceID(pcommon.TraceID{9: 0x80})
	s.TraceState().FromRaw(state)
	if headThreshold != "" {
		s.Attributes().PutStr(callgraph.AttributeHeadThreshold, headThreshold)
	}
	return s
}

func TestWhatASpanTellsOfTheHead(t *testing.T) {
	for name, c := range map[string]struct {
		state, headThreshold string
		want                 localtrace.Sampling
	}{
		"one in two":           {"ot=th:8", "", localtrace.Sampled},
		"in a longer state":    {"a=b, ot=x:1;th:8", "", localtrace.Sampled},
		"all":                  {"ot=th:0", "", localtrace.Sampled},
		"below the threshold":  {"ot=th:9", "", localtrace.Unsampled},
		"own randomness":       {"ot=th:8;rv:7fffffffffffff", "", localtrace.Unsampled},
		"kept and sampled":     {"ot=th:0", "8", localtrace.Sampled},
		"kept and not sampled": {"ot=th:0", "9", localtrace.Unsampled},
		"broken head":          {"ot=th:0", "x", localtrace.Unsampled},
		"nothing":              {"", "", localtrace.Unstated},
		"broken threshold":     {"ot=th:x", "", localtrace.Unstated},
	} {
		s := sampledSpan(c.state, c.headThreshold)
		require.Equal(t, c.want, localtrace.HeadOf(s).Sampling, name)
		s.Attributes().PutBool(callgraph.AttributeLate, true)
		require.Equal(t, localtrace.Unsampled, localtrace.HeadOf(s).Sampling, name)
	}
}

// TestALocalRootLeavesNothingUnclear: one that states its spans states the
// head's threshold too, or was not sampled by it.
func TestALocalRootLeavesNothingUnclear(t *testing.T) {
	for name, c := range map[string]struct {
		state, headThreshold string
		want                 localtrace.Sampling
	}{
		"all":             {"ot=th:0", "0", localtrace.Sampled},
		"one in two":      {"ot=th:8", "8", localtrace.Sampled},
		"kept":            {"ot=th:0", "", localtrace.Unsampled},
		"thinned":         {"ot=th:8", "", localtrace.Unsampled},
		"kept, sampled":   {"ot=th:0", "8", localtrace.Sampled},
		"does not fit":    {"ot=th:0", "9", localtrace.Unsampled},
		"thinned, not it": {"", "", localtrace.Unsampled},
	} {
		s := sampledSpan(c.state, c.headThreshold)
		s.Attributes().PutInt(callgraph.AttributeLocalSpans, 1)
		require.Equal(t, c.want, localtrace.HeadOf(s).Sampling, name)
	}
}
