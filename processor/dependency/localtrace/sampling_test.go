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
		ok, failed           localtrace.Sampling
	}{
		"one in two":           {"ot=th:8", "", localtrace.Sampled, localtrace.Unclear}, // thinned by a storm, perhaps
		"in a longer state":    {"a=b, ot=x:1;th:8", "", localtrace.Sampled, localtrace.Unclear},
		"all":                  {"ot=th:0", "", localtrace.Unclear, localtrace.Unclear},
		"below the threshold":  {"ot=th:9", "", localtrace.Unsampled, localtrace.Unsampled},
		"own randomness":       {"ot=th:8;rv:7fffffffffffff", "", localtrace.Unsampled, localtrace.Unsampled},
		"kept and sampled":     {"ot=th:0", "8", localtrace.Sampled, localtrace.Sampled},
		"kept and not sampled": {"ot=th:0", "9", localtrace.Unsampled, localtrace.Unsampled},
		"broken head":          {"ot=th:0", "x", localtrace.Unsampled, localtrace.Unsampled},
		"nothing":              {"", "", localtrace.Unstated, localtrace.Unstated},
		"broken threshold":     {"ot=th:x", "", localtrace.Unstated, localtrace.Unstated},
	} {
		s := sampledSpan(c.state, c.headThreshold)
		require.Equal(t, c.ok, localtrace.HeadOf(s, false).Sampling, name)
		require.Equal(t, c.failed, localtrace.HeadOf(s, true).Sampling, name)
		s.Attributes().PutBool(callgraph.AttributeLate, true)
		require.Equal(t, localtrace.Unsampled, localtrace.HeadOf(s, false).Sampling, name)
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
		for _, failed := range []bool{false, true} {
			require.Equal(t, c.want, localtrace.HeadOf(s, failed).Sampling, name)
		}
	}
}

func TestUnclearHeadsAreThoseOfTheService(t *testing.T) {
	all, half, zero := callgraph.Service{Name: "all"}, callgraph.Service{Name: "half"}, sampledSpan("ot=th:0", "")
	h := localtrace.NewHeads(2)
	failed := localtrace.HeadOf(zero, true)
	for range 9 {
		h.Learn(all, localtrace.HeadOf(zero, false), false)
		h.Learn(all, failed, true) // teaches nothing
		require.False(t, h.Sampled(all, failed), "too few to know")
	}
	h.Learn(all, localtrace.HeadOf(zero, false), false)
	require.True(t, h.Sampled(all, failed))

	for range 10 {
		h.Learn(half, localtrace.HeadOf(zero, false), false) // they were slow
	}
	h.Learn(half, localtrace.HeadOf(sampledSpan("ot=th:8", ""), false), false)
	require.False(t, h.Sampled(half, failed), "not all are sampled there")
	require.True(t, h.Sampled(half, localtrace.HeadOf(sampledSpan("ot=th:8", ""), false)), "clear by itself")

	for range 999 {
		h.Learn(half, localtrace.HeadOf(zero, false), false)
		require.False(t, h.Sampled(half, failed))
	}
	h.Learn(half, localtrace.HeadOf(zero, false), false)
	require.True(t, h.Sampled(half, failed), "the rate was changed")

	h.Learn(callgraph.Service{Name: "third"}, localtrace.HeadOf(zero, false), false)
	require.False(t, h.Sampled(all, failed), "the one seen longest ago is forgotten")
}
