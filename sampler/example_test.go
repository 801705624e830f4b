package sampler_test

import (
	"fmt"
	"time"

	"go.opentelemetry.io/otel/codes"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// One in a hundred of all local traces, fewer of a noisy one; every failure and
// whatever takes a second.
func Example() {
	policy := sampler.Policy{
		Rate: sampler.ParentBased{Root: sampler.PerOperation{
			Operations: map[string]sampler.Rate{"GET /health": sampler.OneIn(10_000)},
			Others:     sampler.OneIn(100),
		}},
		Keep: sampler.Any(sampler.Errors, sampler.SoftErrors, sampler.Slow{Limit: time.Second}),
	}
	fmt.Println(policy)

	traceID := [16]byte{8: 1, 9: 0xfd, 10: 0x71} // its last seven bytes are its randomness
	start := sampler.Start{Operation: "GET /cart", Randomness: sampler.RandomnessOf(traceID)}
	head := policy.Head(start)
	fmt.Println("sampled:", head.Sampled, "th:", head.Threshold)

	success := sampler.Facts{Operation: "GET /cart", HTTPStatus: 200}
	v := policy.Decide(head, start.Randomness, policy.Keeps(success))
	fmt.Printf("success: export %t, stands for %.0f\n", v.Export, v.Threshold.Weight())

	failure := sampler.Facts{Operation: "GET /cart", Status: codes.Error}
	v = policy.Decide(head, start.Randomness, policy.Keeps(failure))
	fmt.Printf("failure: export %t, stands for %.0f\n", v.Export, v.Threshold.Weight())
	// Output:
	// as the parent, else (GET /health: 1 of 10000, others: 1 of 100); always errors, soft errors, slow (any from 1s)
	// sampled: true th: fd70a
	// success: export true, stands for 100
	// failure: export true, stands for 1
}

func ExampleStorm() {
	storm := sampler.NewStorm(100) // errors a second
	second, kept := int64(1_800_000_000), 0
	for i := range uint64(50) {
		if keep, _, _ := storm.Admit("POST /pay", "timeout", sampler.Randomness(i), second); keep {
			kept++
		}
	}
	fmt.Println(kept, "of 50 leave;", storm)
	// Output:
	// 50 of 50 leave; calm: at most about 100 errors a second of 1 signatures, 0 thinned out
}

func ExampleParseState() {
	state, err := sampler.ParseState("rv:9b8233f7e3a151;th:8")
	fmt.Println(state.Threshold.Weight(), state.Randomness, err)
	state.HasThreshold = false
	fmt.Println(state)
	// Output:
	// 2 9b8233f7e3a151 <nil>
	// rv:9b8233f7e3a151
}
