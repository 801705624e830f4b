package sampler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
)

// decisions are what is asked for a local trace, a span or an error.
func decisions() map[string]func() {
	success := Facts{Operation: "GET /", HTTPStatus: 200, Duration: time.Millisecond}
	failure := Facts{Operation: "GET /", Status: codes.Error, ErrorType: "timeout"}
	start := Start{Operation: "GET /", Randomness: 12345}
	child := Start{Parent: Parent{Valid: true, Remote: true, Sampled: true, HasThreshold: true}}
	policy := Policy{Rate: ParentBased{Root: OneIn(1000)}, Keep: Any(Errors, SoftErrors, FirstSight, Debug)}
	named := Policy{Rate: PerOperation{Operations: map[string]Rate{"GET /": OneIn(10)}}, Keep: Any(Errors, Slow{Limit: time.Second})}
	adaptive := Policy{Rate: NewLimit(100), Keep: Any(Errors, NewSlowest(0.999))}
	storm, sightings := NewStorm(100), NewSightings(time.Minute)
	return map[string]func(){
		"head":               func() { policy.Head(start) },
		"head/parent":        func() { policy.Head(child) },
		"head/per operation": func() { named.Head(start) },
		"head/limit":         func() { adaptive.Head(start) },
		"keeps/success":      func() { policy.Keeps(success) },
		"keeps/error":        func() { policy.Keeps(failure) },
		"keeps/slow":         func() { named.Keeps(success) },
		"keeps/slowest":      func() { adaptive.Keeps(success) },
		"decide":             func() { policy.Decide(Head{Sampled: true, Weighted: true}, 5, false) },
		"storm":              func() { storm.Admit("GET /", "timeout", 5, 1) },
		"first sight":        func() { sightings.First("a", "b", 1000) },
	}
}

func TestDecisionsAllocateNothing(t *testing.T) {
	for name, decide := range decisions() {
		decide()
		require.Zero(t, testing.AllocsPerRun(100, decide), name)
	}
}

func BenchmarkDecision(b *testing.B) {
	for name, decide := range decisions() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
	}
}
