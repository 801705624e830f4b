// Package dependencyprocessor watches what becomes of callers when their calls
// fail: package dependency as a component of the collector. Spans pass through
// unchanged, and none is ever refused for the sake of evidence.
package dependencyprocessor

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
)

// NewFactory is the factory of the processor call_graph_dependency.
func NewFactory() processor.Factory {
	return processor.NewFactory(component.MustNewType("call_graph_dependency"), defaultConfig,
		processor.WithTraces(new(running).newTraces, component.StabilityLevelAlpha))
}

// running are the processors that run now. The collector makes one for each
// pipeline: two of one name would write the same records, each over the other's.
type running struct{ ids sync.Map }

func (r *running) newTraces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	p := newProcessor(set, cfg.(*Config).withDefaults(), next)
	p.running = r
	return p, nil
}

func (r *running) enter(id component.ID) error {
	if _, taken := r.ids.LoadOrStore(id, true); taken {
		return fmt.Errorf("processor %q is in more than one traces pipeline; give each its own, by a name as in %s/second", id, id.Type())
	}
	return nil
}

func (r *running) leave(id component.ID) { r.ids.Delete(id) }
