package compact_test

import (
	"context"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/exporter/compact"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
	"github.com/jcallgraph/jcallgraph/sampler"
	"github.com/jcallgraph/jcallgraph/sdk"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// otlp is OTel's exporter with a receiver that keeps what comes.
type otlp struct {
	ptraceotlp.UnimplementedGRPCServer
	sdktrace.SpanExporter
	url string

	mu  sync.Mutex
	got ptrace.Traces
}

func newOTLP(t *testing.T) *otlp {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o := &otlp{got: ptrace.NewTraces(), url: "http://" + listener.Addr().String()}
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, o)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	o.SpanExporter, err = otlptracegrpc.New(t.Context(), otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(listener.Addr().String()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, o.Shutdown(context.Background()))
		server.Stop()
		require.NoError(t, <-served)
	})
	return o
}

// Export implements ptraceotlp.GRPCServer.
func (o *otlp) Export(_ context.Context, q ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = q.Traces()
	return ptraceotlp.NewExportResponse(), nil
}

// sends is what OTLP's exporter makes of the spans.
func (o *otlp) sends(t require.TestingT, spans []sdktrace.ReadOnlySpan) ptrace.Traces {
	require.NoError(t, o.ExportSpans(context.Background(), spans))
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.got
}

// travels is what a collector gets of the spans by ours.
func travels(t require.TestingT, spans []sdktrace.ReadOnlySpan) ptrace.Traces {
	var s compact.Source
	s.Read(spans)
	frames, err := wire.NewEncoder().Encode(&s)
	require.NoError(t, err)
	all, d := ptrace.NewTraces(), wirepdata.NewDecoder()
	for _, f := range frames {
		got, err := d.Decode(f.Bytes)
		require.NoError(t, err)
		got.Traces.ResourceSpans().MoveAndAppendTo(all.ResourceSpans())
	}
	return all
}

var (
	begin   = time.Unix(1_700_000_000, 123_456_789)
	traceID = trace.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	service = resource.NewWithAttributes("https://schema/1", attribute.String("service.name", "cart"), attribute.Int("shard", 3))
)

func contextOf(id byte, flags trace.TraceFlags, remote bool, state string) trace.SpanContext {
	ts, _ := trace.ParseTraceState(state)
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: trace.SpanID{7: id}, TraceFlags: flags, Remote: remote, TraceState: ts,
	})
}

// plain is a span to begin with.
func plain(change func(*tracetest.SpanStub)) tracetest.SpanStub {
	s := tracetest.SpanStub{
		Name: "GET /", SpanContext: contextOf(1, trace.FlagsSampled, false, ""), SpanKind: trace.SpanKindServer,
		StartTime: begin, EndTime: begin.Add(1234567 * time.Nanosecond), Resource: service,
		InstrumentationScope: instrumentation.Scope{Name: "otelhttp", Version: "0.72.0"},
	}
	change(&s)
	return s
}

// TestSpansAreThoseOfOTLP compares each quirk with what OTLP's exporter sends.
func TestSpansAreThoseOfOTLP(t *testing.T) {
	o := newOTLP(t)
	for name, change := range map[string]func(*tracetest.SpanStub){
		"a plain span":        func(*tracetest.SpanStub) {},
		"nothing is said":     func(s *tracetest.SpanStub) { *s = tracetest.SpanStub{} },
		"no resource":         func(s *tracetest.SpanStub) { s.Resource = nil },
		"an empty resource":   func(s *tracetest.SpanStub) { s.Resource = resource.Empty() },
		"no scope":            func(s *tracetest.SpanStub) { s.InstrumentationScope = instrumentation.Scope{} },
		"a remote parent":     func(s *tracetest.SpanStub) { s.Parent = contextOf(9, 0, true, "a=b") },
		"a local parent":      func(s *tracetest.SpanStub) { s.Parent = contextOf(9, 1, false, "") },
		"other flags":         func(s *tracetest.SpanStub) { s.SpanContext = contextOf(1, 0xff, false, "") },
		"no flags":            func(s *tracetest.SpanStub) { s.SpanContext = contextOf(1, 0, true, "") },
		"a tracestate":        func(s *tracetest.SpanStub) { s.SpanContext = contextOf(1, 1, false, "jcg=1:2,ot=th:8,vendor=x") },
		"it failed":           func(s *tracetest.SpanStub) { s.Status = sdktrace.Status{Code: codes.Error, Description: "no stock"} },
		"it is well":          func(s *tracetest.SpanStub) { s.Status = sdktrace.Status{Code: codes.Ok} },
		"an unknown code":     func(s *tracetest.SpanStub) { s.Status = sdktrace.Status{Code: 99} },
		"an unknown kind":     func(s *tracetest.SpanStub) { s.SpanKind = 99 },
		"kind of nothing":     func(s *tracetest.SpanStub) { s.SpanKind = trace.SpanKindUnspecified },
		"times before 1970":   func(s *tracetest.SpanStub) { s.StartTime, s.EndTime = time.Unix(-5, 0), time.Time{} },
		"an end before start": func(s *tracetest.SpanStub) { s.EndTime = begin.Add(-time.Second) },
		"something dropped":   func(s *tracetest.SpanStub) { s.DroppedAttributes, s.DroppedEvents, s.DroppedLinks = 1, 2, 3 },
		"odd counts":          func(s *tracetest.SpanStub) { s.DroppedAttributes, s.DroppedEvents = -1, math.MaxInt },
		"scope's attributes": func(s *tracetest.SpanStub) {
			s.InstrumentationScope.Attributes = attribute.NewSet(attribute.Bool("a", true))
		},
		"scope's schema": func(s *tracetest.SpanStub) { s.InstrumentationScope.SchemaURL = "https://schema/2" },
		"a key that is twice": func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{attribute.Int("a", 2), attribute.Int("a", 1)}
		},
		"a key that is empty":  func(s *tracetest.SpanStub) { s.Attributes = []attribute.KeyValue{{Value: attribute.IntValue(1)}} },
		"every type of value":  func(s *tracetest.SpanStub) { s.Attributes = everyType() },
		"events":               func(s *tracetest.SpanStub) { s.Events = someEvents() },
		"links":                func(s *tracetest.SpanStub) { s.Links = someLinks() },
		"events and links":     func(s *tracetest.SpanStub) { s.Events, s.Links = someEvents(), someLinks() },
		"resource of any type": func(s *tracetest.SpanStub) { s.Resource = resource.NewWithAttributes("", everyType()...) },
	} {
		t.Run(name, func(t *testing.T) {
			other := plain(func(s *tracetest.SpanStub) { s.Attributes = []attribute.KeyValue{attribute.String("other", "key")} })
			spans := tracetest.SpanStubs{plain(change), other}.Snapshots()
			want, got := spanset.Of(o.sends(t, spans)), spanset.Of(travels(t, spans))
			require.NotEmpty(t, want)
			require.Zero(t, want.Differing(got))
		})
	}
}

func everyType() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.Bool("bool", true), attribute.Int64("int", math.MinInt64), attribute.Float64("float", math.Inf(-1)), attribute.Float64("nan", math.NaN()),
		attribute.String("string", "ü"), attribute.String("no string", ""),
		attribute.BoolSlice("bools", []bool{true, false}), attribute.Int64Slice("ints", []int64{-1, 0, math.MaxInt64}),
		attribute.Float64Slice("floats", []float64{0, -0.5}), attribute.StringSlice("strings", []string{"a", "", "c"}),
		attribute.BoolSlice("no bools", nil), attribute.StringSlice("no strings", []string{}),
		{Key: "empty"},
		{Key: "bytes", Value: attribute.ByteSliceValue([]byte{0, 0xff})},
		{Key: "no bytes", Value: attribute.ByteSliceValue(nil)},
		{Key: "slice", Value: attribute.SliceValue(attribute.IntValue(1), attribute.StringValue("a"), attribute.Value{}, attribute.SliceValue())},
		{Key: "map", Value: attribute.MapValue(attribute.Int("b", 1), attribute.String("a", ""), attribute.KeyValue{Key: "m", Value: attribute.MapValue()})},
	}
}

func someEvents() []sdktrace.Event {
	return []sdktrace.Event{
		{Name: "later", Time: begin.Add(time.Second), Attributes: everyType(), DroppedAttributeCount: 4},
		{Name: "", Time: begin},
		{Name: "before all", Time: time.Time{}},
	}
}

func someLinks() []sdktrace.Link {
	return []sdktrace.Link{
		{SpanContext: contextOf(5, 1, true, "a=b"), Attributes: everyType(), DroppedAttributeCount: 5},
		{SpanContext: contextOf(6, 0, false, "")},
		{},
	}
}

// TestValuesAreThoseOfOTLP: any values, however nested.
func TestValuesAreThoseOfOTLP(t *testing.T) {
	o := newOTLP(t)
	rapid.Check(t, func(t *rapid.T) {
		var list []attribute.KeyValue
		for range rapid.IntRange(1, 6).Draw(t, "attributes") {
			list = append(list, attribute.KeyValue{Key: attribute.Key(rapid.String().Draw(t, "key")), Value: anyValue(t, 4)})
		}
		spans := tracetest.SpanStubs{plain(func(s *tracetest.SpanStub) { s.Attributes = list })}.Snapshots()
		require.Zero(t, spanset.Of(o.sends(t, spans)).Differing(spanset.Of(travels(t, spans))))
	})
}

func anyValue(t *rapid.T, depth int) attribute.Value {
	switch kind := rapid.IntRange(0, 11).Draw(t, "kind"); {
	case kind == 0:
		return attribute.BoolValue(rapid.Bool().Draw(t, "bool"))
	case kind == 1:
		return attribute.Int64Value(rapid.Int64().Draw(t, "int"))
	case kind == 2:
		return attribute.Float64Value(rapid.Float64().Draw(t, "float"))
	case kind == 3:
		return attribute.StringValue(rapid.String().Draw(t, "string"))
	case kind == 4:
		return attribute.BoolSliceValue(rapid.SliceOf(rapid.Bool()).Draw(t, "bools"))
	case kind == 5:
		return attribute.Int64SliceValue(rapid.SliceOf(rapid.Int64()).Draw(t, "ints"))
	case kind == 6:
		return attribute.Float64SliceValue(rapid.SliceOf(rapid.Float64()).Draw(t, "floats"))
	case kind == 7:
		return attribute.StringSliceValue(rapid.SliceOf(rapid.String()).Draw(t, "strings"))
	case kind == 8:
		return attribute.ByteSliceValue(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	case kind == 9 && depth > 0:
		var list []attribute.Value
		for range rapid.IntRange(0, 6).Draw(t, "elements") {
			list = append(list, anyValue(t, depth-1))
		}
		return attribute.SliceValue(list...)
	case kind == 10 && depth > 0:
		var m []attribute.KeyValue
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			m = append(m, attribute.KeyValue{Key: attribute.Key(rapid.String().Draw(t, "key")), Value: anyValue(t, depth-1)})
		}
		return attribute.MapValue(m...)
	}
	return attribute.Value{}
}

// TestResourcesAndScopesOfABatch: each span has its own, in whatever order.
func TestResourcesAndScopesOfABatch(t *testing.T) {
	other := resource.NewWithAttributes("", attribute.String("service.name", "stock"))
	var stubs tracetest.SpanStubs
	for i := range 40 {
		stubs = append(stubs, plain(func(s *tracetest.SpanStub) {
			s.SpanContext = contextOf(byte(i+1), 1, false, "")
			s.Resource = []*resource.Resource{service, other, nil}[i%3]
			s.InstrumentationScope.Name = []string{"http", "grpc", "redis", "kafka", ""}[i%5]
		}))
	}
	spans := append(stubs.Snapshots(), nil) // OTLP's exporter leaves it out
	want := spanset.Of(newOTLP(t).sends(t, spans))
	require.Len(t, want, 40)
	require.Zero(t, want.Differing(spanset.Of(travels(t, spans))))
}

// TestInvalidUTF8 is what OTLP's exporter cannot send at all: attributes become
// bytes, as OTel's specification has it, and other texts are mended.
func TestInvalidUTF8(t *testing.T) {
	const bad = "a\xffb"
	spans := tracetest.SpanStubs{plain(func(s *tracetest.SpanStub) {
		s.Name, s.Status, s.Events = bad, sdktrace.Status{Code: codes.Error, Description: bad}, []sdktrace.Event{{Name: bad}}
		s.Attributes = []attribute.KeyValue{attribute.String("text", bad), attribute.StringSlice("texts", []string{"a", bad}), attribute.Int(bad, 1)}
	})}.Snapshots()
	require.ErrorContains(t, newOTLP(t).ExportSpans(t.Context(), spans), "invalid UTF-8")
	span := travels(t, spans).ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	require.Equal(t, []string{"a\ufffdb", "a\ufffdb", "a\ufffdb"}, []string{span.Name(), span.Status().Message(), span.Events().At(0).Name()})
	require.Equal(t, map[string]any{"text": []byte(bad), "texts": []any{"a", []byte(bad)}, "a\ufffdb": int64(1)}, span.Attributes().AsRaw())
}

// comparing is an exporter that compares what is exported.
type comparing struct {
	t     *testing.T
	o     *otlp
	spans int
}

func (c *comparing) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	c.spans += len(spans)
	require.Zero(c.t, spanset.Of(c.o.sends(c.t, spans)).Differing(spanset.Of(travels(c.t, spans))))
	return nil
}

func (*comparing) Shutdown(context.Context) error { return nil }

// TestSpansOfBothSDKs: ours brings its tracestate as text.
func TestSpansOfBothSDKs(t *testing.T) {
	c := &comparing{t: t, o: newOTLP(t)}
	for _, p := range []trace.TracerProvider{
		sdk.NewTracerProvider(sdk.WithSyncer(c), sdk.WithPolicy(sampler.Policy{Rate: sampler.ParentBased{Root: sampler.RatioOf(0.5)}, Keep: sampler.Errors})),
		sdktrace.NewTracerProvider(sdktrace.WithSyncer(c)),
	} {
		tracer := p.Tracer("app", trace.WithSchemaURL("https://schema/1"))
		for _, parent := range []trace.SpanContext{{}, contextOf(9, 1, true, "jcg=1:2,vendor=x"), contextOf(9, 1, false, "")} {
			ctx, outer := tracer.Start(trace.ContextWithSpanContext(t.Context(), parent), "outer", trace.WithLinks(trace.Link{SpanContext: contextOf(8, 1, true, "a=b")}))
			_, inner := tracer.Start(ctx, "inner", trace.WithSpanKind(trace.SpanKindClient))
			inner.AddEvent("began", trace.WithAttributes(attribute.Int("n", 1)))
			inner.SetAttributes(everyType()...)
			inner.RecordError(context.Canceled)
			inner.End()
			outer.SetStatus(codes.Error, "cancelled")
			outer.End()
		}
	}
	require.Equal(t, 12, c.spans)
}
