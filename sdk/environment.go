package sdk

import (
	"os"
	"slices"
	"time"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk/internal/setting"
	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// fromEnvironment are the options that variables decide. What is not accepted is
// told to OTel's error handler, and the default holds.
func fromEnvironment() options {
	s, err := setting.ForProvider(os.Getenv)
	if err != nil {
		handle(err)
	}
	return optionsOf(&s)
}

func optionsOf(s *setting.Setting) options {
	o := options{
		policy: s.Policy, limits: s.Limits, batching: batchingOf(s.Batch),
		scope: Scope(slices.Index(setting.Scopes, s.Scope)), ids: IDs(slices.Index(setting.IDKinds, s.IDs)),
		stormBudget: s.StormBudget, maxBodies: s.Bodies,
		chainKeys: s.ChainKeys, chainSecret: s.ChainSecret, debugKey: s.DebugKey,
		edges: edgeOptions{destinations: tracecontext.DestinationsUnder(s.Destinations...)},
	}
	if s.FirstSight > 0 {
		o.sightings = sampler.NewSightings(s.FirstSight)
	}
	return o
}

func batchingOf(b setting.Batch) Batching {
	return Batching{Queue: b.Queue, Batch: b.Batch, Interval: b.Interval, Timeout: b.Timeout}
}

// defaultBatching stands where neither options nor the environment say more.
var defaultBatching = Batching{Queue: 8192, Batch: 512, Interval: time.Second, Timeout: 30 * time.Second}

// or takes from others what b leaves open.
func (b Batching) or(others Batching) Batching {
	for _, pair := range [][2]*int{{&b.Queue, &others.Queue}, {&b.Batch, &others.Batch}} {
		if *pair[0] <= 0 {
			*pair[0] = *pair[1]
		}
	}
	if b.Interval <= 0 {
		b.Interval = others.Interval
	}
	if b.Timeout == 0 {
		b.Timeout = others.Timeout
	}
	return b
}

// complete is b with all that it leaves open.
func (b Batching) complete(environment Batching) Batching {
	b = b.or(environment).or(defaultBatching)
	b.Batch = min(b.Batch, b.Queue)
	return b
}
