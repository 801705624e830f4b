package sdk_test

import (
	"context"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
)

// alone gives the test globals and an environment of its own.
func alone(t *testing.T, env ...string) {
	t.Helper()
	otel.SetTracerProvider(noop.NewTracerProvider())
	t.Cleanup(func() {
		otel.SetTracerProvider(noop.NewTracerProvider())
		otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator())
	})
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OTEL_") || strings.HasPrefix(name, "JCG_") {
			t.Setenv(name, "")
		}
	}
	for i := 0; i < len(env); i += 2 {
		t.Setenv(env[i], env[i+1])
	}
}

// work makes a span that succeeds and one that fails.
func work(t *testing.T) {
	t.Helper()
	tracer := otel.Tracer("test")
	_, ok := tracer.Start(t.Context(), "succeeds")
	ok.End()
	_, failed := tracer.Start(t.Context(), "fails")
	failed.SetStatus(codes.Error, "it had to")
	failed.End()
}

func setUp(t *testing.T, opts ...sdk.Option) (shutdown func()) {
	t.Helper()
	stop, err := sdk.Setup(t.Context(), opts...)
	require.NoError(t, err)
	return func() {
		t.Helper()
		require.NoError(t, stop(t.Context()))
		require.NoError(t, stop(t.Context()), "twice does no harm")
	}
}

func TestSetupExportsByOTLP(t *testing.T) {
	for _, c := range []struct{ name, protocol, kind string }{
		{"gRPC", "grpc", ""},
		{"HTTP", "http/protobuf", "application/x-protobuf"},
		{"JSON", "http/json", "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := listen(t)
			endpoint := r.httpURL
			if c.kind == "" {
				endpoint = r.grpcURL
			}
			alone(t, "OTEL_EXPORTER_OTLP_PROTOCOL", c.protocol, "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, "JCG_EDGES", "off",
				"OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue", "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip",
				"OTEL_SERVICE_NAME", "cart", "OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shop,service.name=overruled",
				"OTEL_TRACES_SAMPLER", "always_off")
			stop := setUp(t)
			work(t)
			stop()
			spans := r.spans()
			require.Len(t, spans, 1, "one of the sampler's none succeeds; what fails is kept")
			require.Equal(t, "fails", spans[0].Name)
			require.Contains(t, spans[0].TraceState, "ot=th:0")
			require.Equal(t, []string{"blue"}, r.headers)
			if c.kind != "" {
				require.Equal(t, []string{c.kind}, r.types)
			}
			found := r.attributes()
			require.Equal(t, "cart", found["service.name"])
			require.Equal(t, "shop", found["service.namespace"])
			require.Equal(t, "github.com/jcallgraph/jcallgraph/sdk", found["telemetry.sdk.name"])
			require.Equal(t, "go", found["telemetry.sdk.language"])
			require.Len(t, found["service.instance.id"], 36)
			require.NotEmpty(t, found["host.name"])
			require.Contains(t, found, "process.pid")
			require.NotContains(t, found, "process.command_args", "they may hold secrets")
		})
	}
}

func TestSetupFansOut(t *testing.T) {
	r, kept := listen(t), tracetest.NewInMemoryExporter()
	alone(t, "OTEL_TRACES_EXPORTER", "otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", r.grpcURL, "JCG_EDGES", "off")
	stop := setUp(t, sdk.WithSyncer(kept))
	work(t)
	require.Len(t, kept.GetSpans(), 2)
	stop()
	require.Len(t, r.spans(), 2, "an exporter that is named sends beside those of options")
}

// TestSetupCountsCalls: the counts go where the spans go, sampled or not.
func TestSetupCountsCalls(t *testing.T) {
	r := listen(t)
	alone(t, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", r.grpcURL, "OTEL_TRACES_SAMPLER", "always_off", "OTEL_SERVICE_NAME", "cart")
	stop := setUp(t)
	for range 3 {
		_, span := otel.Tracer("test").Start(t.Context(), "GET /", trace.WithSpanKind(trace.SpanKindServer))
		span.End()
	}
	provider, ok := otel.GetTracerProvider().(*sdk.TracerProvider)
	require.True(t, ok)
	require.NoError(t, provider.ForceFlush(t.Context()))
	edges := provider.Status().Edges
	require.True(t, edges.Counted)
	require.Equal(t, []sdk.EdgeCalls{{Caller: "outside", Callee: "cart GET /", Calls: 3}}, edges.Top)
	stop()
	require.Empty(t, r.spans())
	require.Positive(t, r.metrics)
}

// TestSetupOutlivesAReceiverWithoutMetrics: its refusal is counted, spans go on,
// and no longer say that their calls were counted: a collector does it.
func TestSetupOutlivesAReceiverWithoutMetrics(t *testing.T) {
	r := listen(t) // whose HTTP takes spans only
	alone(t, "OTEL_EXPORTER_OTLP_ENDPOINT", r.httpURL)
	var told []string
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { told = append(told, err.Error()) }))
	t.Cleanup(func() { otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) })
	stop, err := sdk.Setup(t.Context())
	require.NoError(t, err)
	provider, ok := otel.GetTracerProvider().(*sdk.TracerProvider)
	require.True(t, ok)
	flushed := []error{}
	for range 3 {
		_, span := otel.Tracer("test").Start(t.Context(), "GET /", trace.WithSpanKind(trace.SpanKindServer))
		span.End()
		flushed = append(flushed, provider.ForceFlush(t.Context()))
	}
	require.ErrorContains(t, flushed[0], "refused")
	require.NoError(t, errors.Join(flushed[1:]...), "nothing is counted any more")
	edges := provider.Status().Edges
	require.EqualValues(t, 1, edges.Refused)
	require.Empty(t, edges.Top)
	require.NoError(t, stop(t.Context()))
	require.Empty(t, told, "whoever asked has the error")
	require.Equal(t, []string{"server", "", ""}, r.counted())
}

func TestSetupByFile(t *testing.T) {
	r := listen(t)
	file := filepath.Join(t.TempDir(), "otel.yaml")
	text := "file_format: \"1.0\"\n" +
		"resource: {attributes: [{name: service.name, value: filed}, {name: service.instance.id, value: one}]}\n" +
		"tracer_provider:\n  sampler: {always_off: }\n" +
		"  processors:\n    - batch:\n        exporter:\n          otlp_grpc:\n            endpoint: ${WHERE}\n            headers: [{name: x-tenant, value: blue}]\n" +
		"distribution: {jcallgraph: {edges: off}}\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	for _, name := range []string{"OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"} {
		alone(t, name, file, "WHERE", r.grpcURL, "OTEL_RESOURCE_ATTRIBUTES", "ignored=yes", "OTEL_TRACES_SAMPLER", "wrong, but ignored")
		stop := setUp(t)
		require.Empty(t, otel.GetTextMapPropagator().Fields(), "the file names no propagator")
		work(t)
		stop()
	}
	require.Len(t, r.spans(), 2)
	require.Equal(t, []string{"blue", "blue"}, r.headers)
	require.Equal(t, "filed", r.attributes()["service.name"])
	require.NotContains(t, r.attributes(), "ignored")
	require.Equal(t, "one", r.attributes()["service.instance.id"])
}

func TestSetupRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	require.NoError(t, os.WriteFile(wrong, []byte("file_format: \"1.0\"\ntraces: 1\n"), 0o600))
	for _, c := range []struct {
		name, want string
		env        []string
		opts       []sdk.Option
	}{
		{"a sampler", `set up tracing: OTEL_TRACES_SAMPLER="all": accepted: parentbased_always_on`, []string{"OTEL_TRACES_SAMPLER", "all"}, nil},
		{"a collector's address", `JCG_ENDPOINT="here": accepted: http://host:port or https://host:port, without a path, such as http://localhost:4319`, []string{"JCG_ENDPOINT", "here"}, nil},
		{"a certificate that is not there", "set up tracing: OTEL_EXPORTER_OTLP_CERTIFICATE: open " + missing, []string{"JCG_ENDPOINT", "https://here", "OTEL_EXPORTER_OTLP_CERTIFICATE", missing}, nil},
		{"a propagator", `propagator "b5": accepted: tracecontext, baggage, b3`, []string{"OTEL_PROPAGATORS", "b3,b5"}, nil},
		{"a file that is not there", "OTEL_CONFIG_FILE: open " + missing, []string{"OTEL_CONFIG_FILE", missing}, nil},
		{"a file that is wrong", "OTEL_CONFIG_FILE=" + wrong + ": traces (line 2): unknown key", []string{"OTEL_CONFIG_FILE", wrong}, nil},
		{"slog's first default", "log handler: accepted: any but slog's first default", nil, []sdk.Option{sdk.WithLog(slog.Default().Handler())}},
		{"our exporters with the stock SDK", "JCG_SDK=stock: an exporter made for this SDK cannot be used", []string{"JCG_SDK", "stock"}, []sdk.Option{sdk.WithRecordExporter(nothing{}, sdk.Batching{})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			alone(t, c.env...)
			stop, err := sdk.Setup(t.Context(), c.opts...)
			require.ErrorContains(t, err, c.want)
			require.Nil(t, stop)
			require.IsType(t, noop.TracerProvider{}, otel.GetTracerProvider())
		})
	}
}

type nothing struct{}

func (nothing) ExportRecords(context.Context, []*sdk.Record) error {
	return errors.New("nothing is exported")
}
func (nothing) Shutdown(context.Context) error { return nil }

func TestSetupDisabled(t *testing.T) {
	alone(t, "OTEL_SDK_DISABLED", "true")
	stop := setUp(t)
	defer stop()
	require.IsType(t, noop.TracerProvider{}, otel.GetTracerProvider())
	_, span := otel.Tracer("test").Start(t.Context(), "nothing")
	require.False(t, span.IsRecording())
	require.Contains(t, otel.GetTextMapPropagator().Fields(), "traceparent", "what others say is passed on")
}

// TestSetupStock: the same set-up with OTel's SDK.
func TestSetupStock(t *testing.T) {
	r, kept := listen(t), tracetest.NewInMemoryExporter()
	alone(t, "JCG_SDK", "stock", "JCG_CHAIN_KEYS", "order.number", "OTEL_TRACES_EXPORTER", "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc",
		"OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
	stop := setUp(t, sdk.WithSyncer(kept))
	require.IsType(t, &sdktrace.TracerProvider{}, otel.GetTracerProvider())
	require.IsType(t, propagation.NewCompositeTextMapPropagator(), otel.GetTextMapPropagator())
	ctx := baggage.ContextWithBaggage(t.Context(), bag(t, "order.number", "7"))
	_, span := otel.Tracer("test").Start(ctx, "ordered")
	span.SetAttributes(attribute.Int("over the limit", 1))
	span.End()
	require.Equal(t, []attribute.KeyValue{attribute.String("order.number", "7")}, kept.GetSpans()[0].Attributes)
	stop()
	require.Len(t, r.spans(), 1)
	require.Equal(t, "opentelemetry", r.attributes()["telemetry.sdk.name"])
	require.Len(t, r.attributes()["service.instance.id"], 36)
}

func TestSetupStockKeepsTheRateOfOptions(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	alone(t, "JCG_SDK", "stock")
	stop := setUp(t, sdk.WithSyncer(kept), sdk.WithPolicy(sampler.Policy{Rate: sampler.ParentBased{Root: sampler.Off}, Keep: sampler.Errors}))
	work(t)
	require.Empty(t, kept.GetSpans())
	sampled := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, Remote: true})
	_, span := otel.Tracer("test").Start(trace.ContextWithSpanContext(t.Context(), sampled), "child")
	span.End()
	require.Len(t, kept.GetSpans(), 1)
	stop()
}

func bag(t *testing.T, key, value string) baggage.Baggage {
	t.Helper()
	m, err := baggage.NewMemberRaw(key, value)
	require.NoError(t, err)
	b, err := baggage.New(m)
	require.NoError(t, err)
	return b
}

func TestSetupPropagates(t *testing.T) {
	for _, c := range []struct {
		names  string
		fields []string
	}{
		{"", []string{"traceparent", "tracestate", "baggage"}},
		{"tracecontext", []string{"traceparent", "tracestate"}},
		{"baggage", []string{"baggage"}},
		{"baggage,b3,tracecontext", []string{"traceparent", "tracestate", "baggage", "b3"}},
		{"none", nil},
	} {
		t.Run(c.names, func(t *testing.T) {
			alone(t, "OTEL_PROPAGATORS", c.names, "OTEL_TRACES_EXPORTER", "none")
			defer setUp(t)()
			require.ElementsMatch(t, c.fields, otel.GetTextMapPropagator().Fields())
		})
	}
}

func TestSetupTakesOptionsFirst(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	alone(t, "JCG_IDS", "short", "OTEL_SERVICE_NAME", "of the environment")
	stop := setUp(t, sdk.WithSyncer(kept), sdk.WithIDs(sdk.W3C), sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "of the option"), attribute.String("service.instance.id", "mine"))))
	_, span := otel.Tracer("test").Start(t.Context(), "span")
	span.End()
	provider, ok := otel.GetTracerProvider().(*sdk.TracerProvider)
	require.True(t, ok)
	require.Len(t, provider.Status().Queues, 1, "the default exporter is not used beside it")
	require.False(t, provider.Status().Edges.Counted)
	require.True(t, span.SpanContext().TraceFlags().IsRandom())
	said := kept.GetSpans()[0].Resource.Set()
	for key, want := range map[attribute.Key]string{"service.name": "of the option", "service.instance.id": "mine"} {
		got, _ := said.Value(key)
		require.Equal(t, want, got.AsString())
	}
	require.True(t, said.HasValue("host.name"))
	stop()
}

// TestSetupTellsOwnDestinations: domains of the environment may know which call
// a request is, others may not.
func TestSetupTellsOwnDestinations(t *testing.T) {
	r := listen(t)
	alone(t, "JCG_DESTINATIONS", "corp.example", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT", r.grpcURL)
	defer setUp(t)()
	for host, knows := range map[string]bool{"api.corp.example": true, "api.example": false} {
		ctx, span := otel.Tracer("test").Start(t.Context(), "GET", trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String("server.address", host)))
		headers := propagation.MapCarrier{}
		otel.GetTextMapPropagator().Inject(ctx, headers)
		span.End()
		require.Equal(t, knows, strings.Contains(headers["tracestate"], "jcg="), host)
	}
}

// TestSetupByFileWithTLS trusts the certificate that the file names.
func TestSetupByFileWithTLS(t *testing.T) {
	r := &receiver{}
	server := httptest.NewTLSServer(r)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	file := filepath.Join(t.TempDir(), "otel.yaml")
	alone(t, "OTEL_CONFIG_FILE", file)
	write := func(ca string) {
		require.NoError(t, os.WriteFile(file, []byte("file_format: \"1.0\"\ntracer_provider:\n  processors:\n    - simple:\n        exporter:\n          otlp_http:\n"+
			"            endpoint: "+server.URL+"/v1/traces\n            compression: gzip\n            tls: {ca_file: "+ca+"}\ndistribution: {jcallgraph: {edges: off}}\n"), 0o600))
	}
	write(ca)
	stop := setUp(t)
	work(t)
	stop()
	require.Len(t, r.spans(), 2)
	write(file)
	_, err := sdk.Setup(t.Context())
	require.EqualError(t, err, "set up tracing: tls.ca_file: "+file+" holds no certificate in PEM")
}
