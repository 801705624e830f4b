package dropin

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func addEvents(n int) func(trace.Span) {
	return func(s trace.Span) {
		for i := range n {
			s.AddEvent(strconv.Itoa(i))
		}
	}
}

func numberedLinks(n int) []trace.Link {
	var all []trace.Link
	for i := range n {
		all = append(all, trace.Link{SpanContext: foreign(), Attributes: []attribute.KeyValue{attribute.Int("n", i)}})
	}
	return all
}

func addLinks(n int) func(trace.Span) {
	return func(s trace.Span) {
		for _, l := range numberedLinks(n) {
			s.AddLink(l)
		}
	}
}

var evictionBehaviours = []behaviour{
	{name: "128 events by default, the oldest go", check: func(p *probe) {
		span := p.of(addEvents(130))
		p.Len(span.Events(), 128)
		p.Equal("2", span.Events()[0].Name)
		p.Equal("129", span.Events()[127].Name)
		p.Equal(2, span.DroppedEvents())
	}},
	{
		name: "the last events stay", setup: limited(func(l *sdktrace.SpanLimits) { l.EventCountLimit = 2 }),
		check: func(p *probe) {
			span := p.of(addEvents(5))
			p.Equal("3", span.Events()[0].Name)
			p.Equal("4", span.Events()[1].Name)
			p.Equal(3, span.DroppedEvents())
		},
	},
	{
		name: "no events at all", setup: limited(func(l *sdktrace.SpanLimits) { l.EventCountLimit = 0 }),
		check: func(p *probe) { p.Empty(p.of(addEvents(5)).Events()) },
	},
	{
		name: "events without limit", setup: limited(func(l *sdktrace.SpanLimits) { l.EventCountLimit = -1 }),
		check: func(p *probe) { p.Len(p.of(addEvents(300)).Events(), 300) },
	},
	{
		name: "an error is an event like others", setup: limited(func(l *sdktrace.SpanLimits) { l.EventCountLimit = 1 }),
		check: func(p *probe) {
			span := p.of(func(s trace.Span) { s.RecordError(errPlain); s.AddEvent("last") })
			p.Equal("last", span.Events()[0].Name)
			p.Equal(1, span.DroppedEvents())
		},
	},
	{
		name: "attributes of an event", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributePerEventCountLimit = 2 }),
		check: func(p *probe) {
			e := p.of(func(s trace.Span) { s.AddEvent("e", trace.WithAttributes(numbered(5)...)) }).Events()[0]
			p.Equal(numbered(2), e.Attributes)
			p.Equal(3, e.DroppedAttributeCount)
		},
	},
	{
		name: "no attributes of an event", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributePerEventCountLimit = 0 }),
		check: func(p *probe) {
			e := p.of(func(s trace.Span) { s.AddEvent("e", trace.WithAttributes(numbered(5)...)) }).Events()[0]
			p.Empty(e.Attributes)
			p.Equal(5, e.DroppedAttributeCount)
		},
	},
	{
		name: "attributes of an event without limit", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributePerEventCountLimit = -1 }),
		check: func(p *probe) {
			e := p.of(func(s trace.Span) { s.AddEvent("e", trace.WithAttributes(numbered(200)...)) }).Events()[0]
			p.Len(e.Attributes, 200)
		},
	},
	{name: "128 links by default, the oldest go", check: func(p *probe) {
		span := p.of(addLinks(100), trace.WithLinks(numberedLinks(30)...))
		p.Len(span.Links(), 128)
		p.Equal(attribute.Int("n", 2), span.Links()[0].Attributes[0])
		p.Equal(attribute.Int("n", 99), span.Links()[127].Attributes[0])
		p.Equal(2, span.DroppedLinks())
	}},
	{
		name: "the last links stay", setup: limited(func(l *sdktrace.SpanLimits) { l.LinkCountLimit = 1 }),
		check: func(p *probe) {
			span := p.of(addLinks(3), trace.WithLinks(numberedLinks(2)...))
			p.Len(span.Links(), 1)
			p.Equal(attribute.Int("n", 2), span.Links()[0].Attributes[0])
			p.Equal(4, span.DroppedLinks())
		},
	},
	{
		name: "no links at all", setup: limited(func(l *sdktrace.SpanLimits) { l.LinkCountLimit = 0 }),
		check: func(p *probe) { p.Empty(p.of(addLinks(3)).Links()) },
	},
	{
		name: "attributes of a link", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributePerLinkCountLimit = 2 }),
		check: func(p *probe) {
			link := trace.Link{SpanContext: foreign(), Attributes: numbered(5)}
			links := p.of(func(s trace.Span) { s.AddLink(link) }, trace.WithLinks(link)).Links()
			for _, l := range links {
				p.Equal(numbered(2), l.Attributes)
				p.Equal(3, l.DroppedAttributeCount)
			}
		},
	},
	{
		name: "no attributes of a link", setup: limited(func(l *sdktrace.SpanLimits) { l.AttributePerLinkCountLimit = 0 }),
		check: func(p *probe) {
			l := p.of(func(s trace.Span) { s.AddLink(trace.Link{SpanContext: foreign(), Attributes: numbered(5)}) }).Links()[0]
			p.Empty(l.Attributes)
			p.Equal(5, l.DroppedAttributeCount)
		},
	},
}
