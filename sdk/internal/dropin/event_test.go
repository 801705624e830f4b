package dropin

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

var eventBehaviours = []behaviour{
	{name: "none by default", check: func(p *probe) {
		p.Empty(p.of(func(trace.Span) {}).Events())
	}},
	{name: "in order, with name and attributes", check: func(p *probe) {
		events := p.of(func(s trace.Span) {
			s.AddEvent("first")
			s.AddEvent("second", trace.WithAttributes(attribute.Int("a", 1)), trace.WithAttributes(attribute.Int("b", 2)))
		}).Events()
		p.Len(events, 2)
		p.Equal("first", events[0].Name)
		p.Empty(events[0].Attributes)
		p.Equal("second", events[1].Name)
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1), attribute.Int("b", 2)}, events[1].Attributes)
	}},
	{name: "at the time given", check: func(p *probe) {
		at := time.Date(1999, 12, 31, 23, 59, 59, 5, time.UTC)
		events := p.of(func(s trace.Span) { s.AddEvent("e", trace.WithTimestamp(at)) }).Events()
		p.True(at.Equal(events[0].Time), "%s", events[0].Time)
	}},
	{name: "else now, between start and end", check: func(p *probe) {
		span := p.of(func(s trace.Span) { s.AddEvent("e") })
		p.False(outside(span.Events()[0].Time, span), "%s, %s to %s", span.Events()[0].Time, span.StartTime(), span.EndTime())
	}},
	{name: "not sorted by their time", check: func(p *probe) {
		late := time.Now().Add(time.Hour)
		events := p.of(func(s trace.Span) {
			s.AddEvent("late", trace.WithTimestamp(late))
			s.AddEvent("early", trace.WithTimestamp(late.Add(-2*time.Hour)))
		}).Events()
		p.Equal("late", events[0].Name)
		p.Equal("early", events[1].Name)
	}},
	{name: "with an empty name are events all the same", check: func(p *probe) {
		p.Len(p.of(func(s trace.Span) { s.AddEvent("") }).Events(), 1)
	}},
	{name: "duplicate keys stay", check: func(p *probe) {
		events := p.of(func(s trace.Span) {
			s.AddEvent("e", trace.WithAttributes(attribute.Int("a", 1), attribute.Int("a", 2)))
		}).Events()
		p.Equal([]attribute.KeyValue{attribute.Int("a", 1), attribute.Int("a", 2)}, events[0].Attributes)
	}},
	{name: "a stack trace is for errors only", check: func(p *probe) {
		events := p.of(func(s trace.Span) { s.AddEvent("e", trace.WithStackTrace(true)) }).Events()
		p.Empty(events[0].Attributes)
	}},
}
