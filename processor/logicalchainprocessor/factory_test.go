package logicalchainprocessor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/ownmetric"
	"github.com/jcallgraph/jcallgraph/internal/pagetest"
	"github.com/jcallgraph/jcallgraph/processor/logicalchain"
	"github.com/jcallgraph/jcallgraph/storage"
)

// keys is a backend that keeps keys only; write answers.
type keys struct {
	storage.Backend
	write func([]callgraph.Sighting) error
}

func (k *keys) WriteSightings(_ context.Context, s []callgraph.Sighting) error { return k.write(s) }

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

var storageID = component.MustNewID("call_graph_storage")

func hostOf(write func([]callgraph.Sighting) error) host {
	return host{storageID: &backends{local: &keys{write: write}}}
}

var rule = logicalchain.Rule{Kind: "order", Attributes: []string{"order.number"}}

func create(t *testing.T, tel *componenttest.Telemetry, c *Config, next consumer.Traces) processor.Traces {
	t.Helper()
	f := NewFactory()
	set := processortest.NewNopSettings(f.Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	c.Storage = storageID
	p, err := f.CreateTraces(t.Context(), set, c, next)
	require.NoError(t, err)
	return p
}

func oneSpan(number string) ptrace.Traces {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID([16]byte{1})
	s.SetSpanID([8]byte{1})
	s.SetStartTimestamp(7)
	s.Attributes().PutStr("order.number", number)
	return td
}

func attributes(td ptrace.Traces) map[string]any {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
}

func TestKeysAreWrittenAndCounted(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	var written []callgraph.Sighting
	sink := new(consumertest.TracesSink)
	p := create(t, tel, &Config{Backend: "local", Keys: []logicalchain.Rule{rule}}, sink)
	require.False(t, p.Capabilities().MutatesData)
	require.NoError(t, p.Start(t.Context(), hostOf(func(s []callgraph.Sighting) error {
		written = append(written, s...)
		return nil
	})))
	for _, number := range []string{"A-1", "A-1", "null"} {
		td := oneSpan(number)
		td.MarkReadOnly()
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
	}
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, p.Shutdown(t.Context()))

	require.Len(t, written, 1, "what was written is not written again")
	require.Equal(t, "order=A-1", written[0].Key.String())
	require.Equal(t, 3, sink.SpanCount())
	require.Equal(t, map[string]int64{"": 2}, counted(t, tel, metricFound))
	require.Equal(t, map[string]int64{"empty": 1}, counted(t, tel, metricRefused))
	require.Equal(t, map[string]int64{"": 1}, counted(t, tel, metricWritten))
	require.Equal(t, map[string]int64{"": 1}, counted(t, tel, metricKnown))
}

// counted are the values of a counter by reason, but those that are 0.
func counted(t *testing.T, tel *componenttest.Telemetry, name string) map[string]int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	require.NoError(t, err)
	values := map[string]int64{}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		if reason, _ := p.Attributes.Value(ownmetric.KeyReason); p.Value > 0 {
			values[reason.AsString()] = p.Value
		}
	}
	return values
}

func TestAFailedWriteIsRetryableAndTriedAgain(t *testing.T) {
	for err, cause := range map[error]string{
		storage.ErrFull: storage.CauseFull, storage.ErrClosed: storage.CauseClosed, context.DeadlineExceeded: storage.CauseTimeout, errors.New("broken"): storage.CauseError,
	} {
		tel := componenttest.NewTelemetry()
		answer, writes := err, 0
		p := create(t, tel, &Config{Backend: "local", Keys: []logicalchain.Rule{rule}}, consumertest.NewNop())
		require.NoError(t, p.Start(t.Context(), hostOf(func([]callgraph.Sighting) error { writes++; return answer })))
		got := p.ConsumeTraces(t.Context(), oneSpan("A-1"))
		require.ErrorIs(t, got, err)
		require.False(t, consumererror.IsPermanent(got))
		answer = nil
		require.NoError(t, p.ConsumeTraces(t.Context(), oneSpan("A-1")))
		require.Equal(t, 2, writes)
		require.Equal(t, map[string]int64{cause: 1}, counted(t, tel, metricFailed))
		require.NoError(t, tel.Shutdown(t.Context()))
	}
}

// TestSpansGoOnBesideTheWrite: each waits for nobody but the acknowledgement,
// which waits for both.
func TestSpansGoOnBesideTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passed, write := make(chan struct{}), make(chan struct{})
		next, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { <-passed; return nil })
		require.NoError(t, err)
		p := create(t, nil, &Config{Backend: "local", Keys: []logicalchain.Rule{rule}}, next)
		require.NoError(t, p.Start(t.Context(), hostOf(func([]callgraph.Sighting) error { <-write; return nil })))
		for _, order := range [][]chan struct{}{{passed, write}, {write, passed}} {
			answered := false
			go func() {
				require.NoError(t, p.ConsumeTraces(t.Context(), oneSpan(fmt.Sprint(order))))
				answered = true
			}()
			for _, done := range order {
				synctest.Wait()
				require.False(t, answered)
				done <- struct{}{}
			}
			synctest.Wait()
			require.True(t, answered)
		}
	})
}

func TestErrorsOfWhatFollowsReachTheSender(t *testing.T) {
	broken := consumererror.NewPermanent(errors.New("broken"))
	p := create(t, nil, &Config{Backend: "local", Keys: []logicalchain.Rule{rule}}, consumertest.NewErr(broken))
	var store error
	require.NoError(t, p.Start(t.Context(), hostOf(func([]callgraph.Sighting) error { return store })))
	require.Equal(t, broken, p.ConsumeTraces(t.Context(), oneSpan("A-1")))
	store = storage.ErrFull
	got := p.ConsumeTraces(t.Context(), oneSpan("A-2"))
	require.ErrorIs(t, got, broken)
	require.ErrorIs(t, got, store)
}

func TestAnnotateNeedsNoStore(t *testing.T) {
	sink := new(consumertest.TracesSink)
	p := create(t, nil, &Config{Annotate: true, Keys: []logicalchain.Rule{rule}}, sink)
	require.True(t, p.Capabilities().MutatesData)
	require.NoError(t, p.Start(t.Context(), host{}))
	require.NoError(t, p.ConsumeTraces(t.Context(), oneSpan("A-1")))
	require.Equal(t, map[string]any{"order.number": "A-1", callgraph.AttributeChainPrefix + "order": "A-1"}, attributes(sink.AllTraces()[0]))
}

func TestHiddenKeysGoOnHidden(t *testing.T) {
	hidden := rule
	hidden.HMACKey = "0123456789abcdef"
	sink := new(consumertest.TracesSink)
	p := create(t, nil, &Config{Backend: "local", Keys: []logicalchain.Rule{hidden}}, sink)
	require.True(t, p.Capabilities().MutatesData)
	var written []callgraph.Sighting
	require.NoError(t, p.Start(t.Context(), hostOf(func(s []callgraph.Sighting) error { written = s; return nil })))
	require.NoError(t, p.ConsumeTraces(t.Context(), oneSpan("4711")))
	require.Equal(t, "hmac:d6f9c71fc9711c566dabe39ff39faefa", written[0].Key.Value, "printf 4711 | openssl dgst -sha256 -hmac 0123456789abcdef")
	require.Equal(t, map[string]any{"order.number": written[0].Key.Value}, attributes(sink.AllTraces()[0]))
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	for want, c := range map[string]struct {
		backend string
		host    host
	}{
		`storage: there is no extension "call_graph_storage"; add it to service::extensions`: {"local", host{}},
		`storage: extension "call_graph_storage" keeps no backends`:                          {"local", host{storageID: struct{ component.Component }{}}},
		`backend: no backend "other": there is local`:                                        {"other", hostOf(nil)},
	} {
		p := create(t, nil, &Config{Backend: c.backend}, consumertest.NewNop())
		require.ErrorContains(t, p.Start(t.Context(), c.host), want)
		require.NoError(t, p.Shutdown(t.Context()))
	}
}

func TestConfigNamesTheField(t *testing.T) {
	require.ErrorContains(t, confmap.Validate(NewFactory().CreateDefaultConfig()), "backend: must name one of the storage extension's backends, where annotate is not true")
	require.NoError(t, confmap.Validate(&Config{Backend: "local"}))
	require.NoError(t, confmap.Validate(&Config{Annotate: true}))
	err := confmap.Validate(&Config{Backend: "local", Keys: []logicalchain.Rule{{}}})
	require.ErrorContains(t, err, `keys::0::kind: "" must be`)
}

func TestConfigIsReadAndItsSecretsAreNotShown(t *testing.T) {
	c := NewFactory().CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"backend": "local", "annotate": true,
		"keys": []any{map[string]any{
			"kind": "order", "attributes": []any{"a", "b"}, "baggage": "c", "pattern": "(.)", "normalise": []any{"trim"},
			"hmac_key": "0123456789abcdef", "services": []any{"s"},
		}},
	}).Unmarshal(c))
	require.Equal(t, &Config{Storage: storageID, Backend: "local", Annotate: true, Keys: []logicalchain.Rule{{
		Kind: "order", Attributes: []string{"a", "b"}, Baggage: "c", Pattern: "(.)", Normalise: []string{"trim"},
		HMACKey: "0123456789abcdef", Services: []string{"s"},
	}}}, c)
	shown := confmap.New()
	require.NoError(t, shown.Marshal(c))
	require.NotContains(t, fmt.Sprint(shown.ToStringMap()), "0123456789abcdef")
	require.Contains(t, fmt.Sprint(shown.ToStringMap()), "[REDACTED]")

	shown = confmap.New()
	require.NoError(t, shown.Marshal(&Config{Storage: storageID, Backend: "local", Keys: []logicalchain.Rule{rule}}))
	require.NoError(t, shown.Unmarshal(c), "what is shown of a configuration without secrets can be read")
	require.Empty(t, c.(*Config).Keys[0].HMACKey)
}

// TestAnEmptySecretIsRefused: it would let raw values through.
func TestAnEmptySecretIsRefused(t *testing.T) {
	for _, empty := range []any{"", nil} {
		conf := confmap.NewFromStringMap(map[string]any{"keys": []any{
			map[string]any{"kind": "order", "attributes": []any{"a"}},
			map[string]any{"kind": "payment", "attributes": []any{"a"}, "hmac_key": empty},
		}})
		require.ErrorContains(t, conf.Unmarshal(NewFactory().CreateDefaultConfig()), "keys::1::hmac_key: must not be empty")
	}
}

func TestOptionsAreDocumented(t *testing.T) {
	pagetest.RequireOptions(t, Config{})
	pagetest.RequireOptions(t, logicalchain.Rule{})
}
