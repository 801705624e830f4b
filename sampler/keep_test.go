package sampler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts Facts
		by    Marks
	}{
		{"success", Facts{Status: codes.Ok, HTTPStatus: 200}, None},
		{"the caller's fault", Facts{HTTPStatus: 404}, None},
		{"rejected", Facts{Outcome: callgraph.Rejected}, None},
		{"status", Facts{Status: codes.Error}, Errors},
		{"error.type", Facts{ErrorType: "timeout"}, Errors},
		{"escaped exception", Facts{Escaped: true}, Errors},
		{"HTTP 500", Facts{HTTPStatus: 500}, Errors},
		{"outcome", Facts{Outcome: callgraph.Timeout}, Errors},
		{"soft error", Facts{SoftError: true}, SoftErrors},
		{"outcome of a soft error", Facts{Outcome: callgraph.SoftError}, SoftErrors},
		{"first sight", Facts{FirstSight: true}, FirstSight},
		{"debug", Facts{Debug: true}, Debug},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, m := range []Marks{Errors, SoftErrors, FirstSight, Debug} {
				require.Equal(t, m == c.by, m.Keep(c.facts), m)
			}
			require.False(t, None.Keep(c.facts))
		})
	}
}

func TestAny(t *testing.T) {
	require.Equal(t, None, Any())
	require.Equal(t, Errors|Debug, Any(Errors, nil, Any(Debug)), "marks are one look")
	k := Any(Errors, Slow{Limit: 5}, Any(Slow{Operations: map[string]time.Duration{"x": 1}}))
	require.True(t, k.Keep(Facts{Status: codes.Error}))
	require.True(t, k.Keep(Facts{Duration: 5}))
	require.True(t, k.Keep(Facts{Duration: 1, Operation: "x"}))
	require.False(t, k.Keep(Facts{Duration: 4}))
}

func TestSlow(t *testing.T) {
	s := Slow{Limit: 10, Operations: map[string]time.Duration{"batch": 100, "any": 0}}
	require.True(t, s.Keep(Facts{Duration: 10}))
	require.False(t, s.Keep(Facts{Duration: 9}))
	require.False(t, s.Keep(Facts{Operation: "batch", Duration: 99}))
	require.False(t, s.Keep(Facts{Operation: "any", Duration: time.Hour}))
	require.False(t, Slow{}.Keep(Facts{Duration: time.Hour}))
}
