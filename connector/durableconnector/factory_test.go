package durableconnector

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

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

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

func hostOf(b storage.Backend) host {
	return host{component.MustNewID("call_graph_storage"): &backends{local: b}}
}

func inMemory(t *testing.T) storage.Backend {
	t.Helper()
	b, err := memory.Open(memory.Options{})
	require.NoError(t, err)
	return b
}

func create(t *testing.T, backend string, next consumer.Traces) connector.Traces {
	t.Helper()
	f := NewFactory()
	c, err := f.CreateTracesToTraces(t.Context(), connectortest.NewNopSettings(f.Type()), &Config{component.MustNewID("call_graph_storage"), backend}, next)
	require.NoError(t, err)
	require.False(t, c.Capabilities().MutatesData)
	return c
}

func oneSpan() ptrace.Traces {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{1})
	return td
}

func TestSpansGoOnOnceTheyAreStored(t *testing.T) {
	b := inMemory(t)
	stored := 0
	next, err := consumer.NewTraces(func(ctx context.Context, td ptrace.Traces) error {
		got, err := b.Trace(ctx, pcommon.TraceID{1})
		if err == nil {
			stored = got.SpanCount()
		}
		return err
	})
	require.NoError(t, err)
	c := create(t, "local", next)
	require.NoError(t, c.Start(t.Context(), hostOf(b)))
	require.NoError(t, c.ConsumeTraces(t.Context(), oneSpan()))
	require.Equal(t, 1, stored)
	require.NoError(t, c.Shutdown(t.Context()))
}

// full is a backend that has no room.
type full struct{ storage.Backend }

func (full) WriteSpans(context.Context, ptrace.Traces) (bool, error) {
	return false, storage.ErrFull
}

func TestRefusedSpansDoNotGoOn(t *testing.T) {
	sink := new(consumertest.TracesSink)
	c := create(t, "local", sink)
	require.NoError(t, c.Start(t.Context(), hostOf(full{})))
	err := c.ConsumeTraces(t.Context(), oneSpan())
	require.ErrorIs(t, err, storage.ErrFull)
	require.False(t, consumererror.IsPermanent(err))
	require.Empty(t, sink.AllTraces())
}

func TestErrorsOfWhatFollowsReachTheSender(t *testing.T) {
	broken := errors.New("broken")
	c := create(t, "local", consumertest.NewErr(broken))
	require.NoError(t, c.Start(t.Context(), hostOf(inMemory(t))))
	for range 2 {
		require.ErrorIs(t, c.ConsumeTraces(t.Context(), oneSpan()), broken, "what follows never took it")
	}
}

// TestRepeatedRequestsGoOnOnce repeats one long after what counts could know
// it, and over a restart.
func TestRepeatedRequestsGoOnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, sink := inMemory(t), new(consumertest.TracesSink)
		for range 2 {
			c := create(t, "local", sink)
			require.NoError(t, c.Start(t.Context(), hostOf(b)))
			for range 2 {
				require.NoError(t, c.ConsumeTraces(t.Context(), oneSpan()))
				time.Sleep(storage.RepeatWindow / 5)
			}
			require.NoError(t, c.Shutdown(t.Context()))
		}
		require.Equal(t, 1, sink.SpanCount())
	})
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	for want, c := range map[string]struct {
		backend string
		host    host
	}{
		`storage: there is no extension "call_graph_storage"; add it to service::extensions`: {"local", host{}},
		`storage: extension "call_graph_storage" keeps no backends`: {"local", host{
			component.MustNewID("call_graph_storage"): struct{ component.Component }{},
		}},
		`backend: no backend "other": there is local`: {"other", hostOf(inMemory(t))},
	} {
		connector := create(t, c.backend, consumertest.NewNop())
		require.ErrorContains(t, connector.Start(t.Context(), c.host), want)
		require.NoError(t, connector.Shutdown(t.Context()))
	}
}

func TestConfigNamesTheField(t *testing.T) {
	require.ErrorContains(t, confmap.Validate(NewFactory().CreateDefaultConfig()), "backend: must name one")
	require.NoError(t, confmap.Validate(&Config{Backend: "local"}))
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
