package dropin

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// limited is a set-up whose limits are the defaults but for what change does.
func limited(change func(*sdktrace.SpanLimits)) setup {
	l := sdktrace.SpanLimits{
		AttributeValueLengthLimit: -1, AttributeCountLimit: 128, EventCountLimit: 128,
		LinkCountLimit: 128, AttributePerEventCountLimit: 128, AttributePerLinkCountLimit: 128,
	}
	change(&l)
	return setup{limits: &l}
}

func numbered(n int) []attribute.KeyValue {
	var all []attribute.KeyValue
	for i := range n {
		all = append(all, attribute.Int("k"+strings.Repeat("i", i), i))
	}
	return all
}

// shortened makes a case of a value and what a limit of three leaves of it.
func shortened(name string, value, want attribute.Value) behaviour {
	return behaviour{
		name:  name,
		setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeValueLengthLimit = 3 }),
		check: func(p *probe) {
			kv := attribute.KeyValue{Key: "a", Value: value}
			span := p.of(func(s trace.Span) {
				s.SetAttributes(attribute.KeyValue{Key: "b", Value: value})
			}, trace.WithAttributes(kv))
			p.Equal([]attribute.KeyValue{{Key: "a", Value: want}, {Key: "b", Value: want}}, span.Attributes())
			p.Zero(span.DroppedAttributes())
		},
	}
}

var limitBehaviours = []behaviour{
	{name: "128 attributes by default", check: func(p *probe) {
		span := p.of(func(s trace.Span) { s.SetAttributes(numbered(130)...) })
		p.Equal(numbered(128), span.Attributes())
		p.Equal(2, span.DroppedAttributes())
	}},
	{
		name: "the first attributes stay, the rest is counted", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 3 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) { s.SetAttributes(numbered(5)[2:]...) }, trace.WithAttributes(numbered(2)...))
			p.Equal(numbered(3), span.Attributes())
			p.Equal(2, span.DroppedAttributes())
		},
	},
	{
		name: "at the limit a key can still be set again", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 2 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) {
				s.SetAttributes(attribute.Int("a", 1), attribute.Int("b", 1))
				s.SetAttributes(attribute.Int("c", 1), attribute.Int("a", 2), attribute.Int("", 0))
			})
			p.Equal([]attribute.KeyValue{attribute.Int("a", 2), attribute.Int("b", 1)}, span.Attributes())
			p.Equal(2, span.DroppedAttributes())
		},
	},
	{
		name: "a duplicate makes room", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 2 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) {
				s.SetAttributes(attribute.Int("a", 1), attribute.Int("a", 2), attribute.Int("b", 1))
			})
			p.Equal([]attribute.KeyValue{attribute.Int("a", 2), attribute.Int("b", 1)}, span.Attributes())
			p.Zero(span.DroppedAttributes())
		},
	},
	{
		name: "no attributes at all", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 0 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) { s.SetAttributes(numbered(2)...) }, trace.WithAttributes(numbered(1)...))
			p.Empty(span.Attributes())
			p.Equal(3, span.DroppedAttributes())
		},
	},
	{
		name: "attributes without limit", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = -1 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) { s.SetAttributes(numbered(300)...) })
			p.Equal(numbered(300), span.Attributes())
		},
	},
	shortened("a short string stays", attribute.StringValue("abc"), attribute.StringValue("abc")),
	shortened("a string is cut", attribute.StringValue("abcd"), attribute.StringValue("abc")),
	shortened("characters count, not bytes", attribute.StringValue("äöüß"), attribute.StringValue("äöü")),
	shortened("broken UTF-8 is left out first", attribute.StringValue("a\xffbcd"), attribute.StringValue("abc")),
	shortened("broken UTF-8 within the limit stays", attribute.StringValue("a\xffb"), attribute.StringValue("a\xffb")),
	shortened("every string of a slice is cut", attribute.StringSliceValue([]string{"abcd", "a", "äöüß"}), attribute.StringSliceValue([]string{"abc", "a", "äöü"})),
	shortened("bytes are cut", attribute.ByteSliceValue([]byte{1, 2, 3, 4}), attribute.ByteSliceValue([]byte{1, 2, 3})),
	shortened("numbers are not", attribute.IntValue(12345), attribute.IntValue(12345)),
	shortened("strings within a slice are cut", attribute.SliceValue(attribute.StringValue("abcd"), attribute.IntValue(12345)), attribute.SliceValue(attribute.StringValue("abc"), attribute.IntValue(12345))),
	shortened("strings within a map are cut, its keys not", attribute.MapValue(attribute.String("longkey", "abcd")), attribute.MapValue(attribute.String("longkey", "abc"))),
	{
		name: "strings of events and links are not cut", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeValueLengthLimit = 3 }),
		check: func(p *probe) {
			long := []attribute.KeyValue{attribute.String("a", "abcd")}
			span := p.of(func(s trace.Span) {
				s.AddEvent("e", trace.WithAttributes(long...))
				s.AddLink(trace.Link{SpanContext: foreign(), Attributes: long})
			})
			p.Equal(long, span.Events()[0].Attributes)
			p.Equal(long, span.Links()[0].Attributes)
		},
	},
	{
		name: "a limit of zero empties strings", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributeValueLengthLimit = 0 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) { s.SetAttributes(attribute.String("a", "x")) })
			p.Equal([]attribute.KeyValue{attribute.String("a", "")}, span.Attributes())
		},
	},
	{name: "values too deep are emptied", setup: setup{depth: 2}, check: func(p *probe) {
		inner := attribute.MapValue(attribute.Int("deep", 1))
		span := p.of(func(s trace.Span) {
			s.SetAttributes(attribute.Map("a", attribute.KeyValue{Key: "b", Value: inner}, attribute.Map("c", attribute.KeyValue{Key: "d", Value: inner})))
		})
		value := span.Attributes()[0].Value.AsMap()
		p.Equal(inner, value[0].Value)
		p.Equal(attribute.EMPTY, value[1].Value.AsMap()[0].Value.Type())
	}},
}
