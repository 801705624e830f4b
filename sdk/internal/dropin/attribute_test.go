package dropin

import (
	"math"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

var attributeBehaviours = []behaviour{
	{name: "those of the start come first, later ones in order", check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			s.SetAttributes(attribute.Int("b", 2), attribute.Bool("c", true))
			s.SetAttributes(attribute.Float64("d", 4.5))
		}, trace.WithAttributes(attribute.String("a", "1")))
		p.Equal([]attribute.KeyValue{
			attribute.String("a", "1"), attribute.Int("b", 2), attribute.Bool("c", true), attribute.Float64("d", 4.5),
		}, span.Attributes())
	}},
	{name: "a key set again keeps its place and takes the last value", check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			s.SetAttributes(attribute.Int("b", 2))
			s.SetAttributes(attribute.Int("a", 3))
		}, trace.WithAttributes(attribute.Int("a", 1)))
		p.Equal([]attribute.KeyValue{attribute.Int("a", 3), attribute.Int("b", 2)}, span.Attributes())
	}},
	{name: "a key twice in one call takes the last value", check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			s.SetAttributes(attribute.Int("a", 1), attribute.Int("b", 2), attribute.String("a", "x"))
		})
		p.Equal([]attribute.KeyValue{attribute.String("a", "x"), attribute.Int("b", 2)}, span.Attributes())
	}},
	{name: "a key twice at the start takes the last value", check: func(p *probe) {
		span := p.of(func(trace.Span) {}, trace.WithAttributes(attribute.Int("a", 1), attribute.Int("a", 2)))
		p.Equal([]attribute.KeyValue{attribute.Int("a", 2)}, span.Attributes())
		p.Zero(span.DroppedAttributes())
	}},
	{name: "a key set many times counts no drops", check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			for i := range 500 {
				s.SetAttributes(attribute.Int("a", i), attribute.Int("b", -i))
			}
		})
		p.Equal([]attribute.KeyValue{attribute.Int("a", 499), attribute.Int("b", -499)}, span.Attributes())
		p.Zero(span.DroppedAttributes())
	}},
	{name: "invalid ones are dropped and counted", check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			s.SetAttributes(attribute.KeyValue{}, attribute.Int("", 1), attribute.Int("a", 1), attribute.KeyValue{Key: "no value"})
		})
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1), {Key: "no value"}}, span.Attributes())
		p.Equal(2, span.DroppedAttributes())
	}},
	{name: "invalid ones of the start are dropped and counted", check: func(p *probe) {
		span := p.of(func(trace.Span) {}, trace.WithAttributes(attribute.Int("", 1), attribute.Int("a", 1)))
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1)}, span.Attributes())
		p.Equal(1, span.DroppedAttributes())
	}},
	{name: "none at all is no attribute", check: func(p *probe) {
		span := p.of(func(s trace.Span) { s.SetAttributes() })
		p.Empty(span.Attributes())
	}},
	{name: "every type of value comes out as it went in", check: func(p *probe) {
		all := []attribute.KeyValue{
			attribute.Bool("bool", true), attribute.Int64("int", math.MinInt64), attribute.Float64("float", math.Inf(-1)),
			attribute.String("string", "ä\x00\xff"), attribute.String("empty", ""),
			attribute.BoolSlice("bools", []bool{true, false}), attribute.Int64Slice("ints", []int64{1, 2}),
			attribute.Float64Slice("floats", []float64{1.5}), attribute.StringSlice("strings", []string{"a", ""}),
			attribute.StringSlice("none", nil), attribute.ByteSlice("bytes", []byte{0, 1}),
			attribute.Slice("mixed", attribute.IntValue(1), attribute.StringValue("x")),
			attribute.Map("map", attribute.Int("k", 1)),
		}
		p.Equal(all, p.of(func(s trace.Span) { s.SetAttributes(all...) }).Attributes())
	}},
	{name: "a map's key given twice is one", check: func(p *probe) {
		span := p.of(func(s trace.Span) {
			s.SetAttributes(attribute.Map("m", attribute.Int("k", 1), attribute.Int("k", 2)))
		})
		p.Len(span.Attributes()[0].Value.AsMap(), 1)
		p.Equal(int64(2), span.Attributes()[0].Value.AsMap()[0].Value.AsInt64())
	}},
	{name: "the caller's slice stays the caller's", check: func(p *probe) {
		mine := []attribute.KeyValue{attribute.Int("a", 1), attribute.Int("b", 2)}
		span := p.start(trace.WithAttributes(mine...))
		span.SetAttributes(mine...)
		mine[0] = attribute.Int("changed", 0)
		span.SetAttributes(attribute.Int("b", 3))
		p.Equal(attribute.Int("b", 2), mine[1])
		span.End()
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1), attribute.Int("b", 3)}, p.only().Attributes())
	}},
	{name: "what a processor has read does not change under it", check: func(p *probe) {
		var seen []attribute.KeyValue
		p.RegisterSpanProcessor(&journal{mu: newJournals("x")[0].mu, lines: new([]string), onEnd: func(s sdktrace.ReadOnlySpan) { seen = s.Attributes() }})
		span := p.start(trace.WithAttributes(attribute.Int("a", 1)))
		early := span.(sdktrace.ReadOnlySpan).Attributes()
		span.SetAttributes(attribute.Int("a", 2), attribute.Int("b", 3))
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1)}, early)
		span.End()
		span.SetAttributes(attribute.Int("a", 9))
		p.Equal([]attribute.KeyValue{attribute.Int("a", 2), attribute.Int("b", 3)}, seen)
	}},
}
