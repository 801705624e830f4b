package dependencyprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

// host has one extension: a store.
type host struct{ storage.Backend }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("call_graph_storage"): &backends{local: h.Backend}}
}

// backends is an extension that has one backend, local.
type backends struct {
	component.StartFunc
	component.ShutdownFunc
	local storage.Backend
}

func (b *backends) Backend(name string) (storage.Backend, error) {
	if name != "local" {
		return nil, fmt.Errorf("no backend %q: there is local", name)
	}
	return b.local, nil
}

func inMemory(t testing.TB, s *memory.Server) storage.Backend {
	t.Helper()
	b, err := memory.Open(memory.Options{Server: s})
	require.NoError(t, err)
	return b
}

func create(t testing.TB, c *Config, next consumer.Traces) processor.Traces {
	t.Helper()
	f := NewFactory()
	p, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(f.Type()), c, next)
	require.NoError(t, err)
	return p
}

// start is a processor that runs on a backend.
func start(t testing.TB, b storage.Backend, c *Config, next consumer.Traces) processor.Traces {
	t.Helper()
	if c.Backend == "" {
		c.Backend = "local"
	}
	p := create(t, c, next)
	require.NoError(t, p.Start(t.Context(), host{b}))
	return p
}

// faulty is a backend whose writing of evidence fails in one of these ways.
type faulty struct {
	storage.Backend
	mode atomic.Int32
}

const (
	working int32 = iota
	refusing
	hanging
	lying // it writes, and says that it failed
	halving
	modes
)

var errDown = errors.New("down")

func (f *faulty) WriteEvidence(ctx context.Context, records []strength.Record) error {
	switch f.mode.Load() {
	case refusing:
		return errDown
	case hanging:
		<-ctx.Done()
		return ctx.Err()
	case halving:
		return errors.Join(errDown, f.Backend.WriteEvidence(ctx, records[:len(records)/2]))
	case lying:
		return errors.Join(errDown, f.Backend.WriteEvidence(ctx, records))
	}
	return f.Backend.WriteEvidence(ctx, records)
}

func (f *faulty) Evidence(ctx context.Context, q storage.EvidenceQuery, yield func([]strength.Record) error) error {
	if f.mode.Load() == refusing {
		return errDown
	}
	return f.Backend.Evidence(ctx, q, yield)
}

// evidence is all that is stored, by site, writers and days added up.
func evidence(t testing.TB, b storage.Backend) map[string]strength.Evidence {
	t.Helper()
	all := map[string]strength.Evidence{}
	err := b.Evidence(t.Context(), storage.EvidenceQuery{ToDay: 1 << 40}, func(records []strength.Record) error {
		for _, r := range records {
			e := all[r.Site.String()]
			e.Merge(r.Evidence)
			all[r.Site.String()] = e
		}
		return nil
	})
	require.NoError(t, err)
	return all
}
