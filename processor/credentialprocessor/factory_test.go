package credentialprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/jcallgraph/jcallgraph/internal/pagetest"
)

func TestCredentialsAreRemovedAndCounted(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	f := NewFactory()
	set := processortest.NewNopSettings(f.Type())
	set.TelemetrySettings = tel.NewTelemetrySettings()
	sink := new(consumertest.TracesSink)
	p, err := f.CreateTraces(t.Context(), set, &Config{Keys: []string{"my.key"}, Parameters: []string{"voucher"}}, sink)
	require.NoError(t, err)
	require.True(t, p.Capabilities().MutatesData)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))

	td := ptrace.NewTraces()
	a := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes()
	a.PutStr("my.key", "x")
	a.PutStr("http.request.header.cookie", "x")
	a.PutStr("url.query", "voucher=x&id=7")
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	require.NoError(t, p.Shutdown(t.Context()))

	got := sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
	require.Equal(t, map[string]any{"url.query": "voucher=REDACTED&id=7"}, got)
	m, err := tel.GetMetric(metricRemoved)
	require.NoError(t, err)
	require.EqualValues(t, 3, m.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
}

func TestConfigNamesTheField(t *testing.T) {
	require.NoError(t, confmap.Validate(NewFactory().CreateDefaultConfig()))
	require.ErrorContains(t, confmap.Validate(&Config{Keys: []string{""}}), "keys: ")
	require.ErrorContains(t, confmap.Validate(&Config{Parameters: []string{""}}), "parameters: ")
}

func TestOptionsAreDocumented(t *testing.T) { pagetest.RequireOptions(t, Config{}) }
