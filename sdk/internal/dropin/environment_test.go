package dropin

import (
	"os"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func environment(pairs ...string) setup {
	env := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		env[pair[0]] = pair[1]
	}
	return setup{env: env}
}

// full has more of everything than the cases below allow.
func full(s trace.Span) {
	s.SetAttributes(attribute.String("a", "abcdef"), attribute.Int("b", 1), attribute.Int("c", 1))
	addEvents(3)(s)
	s.AddEvent("e", trace.WithAttributes(numbered(3)...))
	addLinks(3)(s)
	s.AddLink(trace.Link{SpanContext: foreign(), Attributes: numbered(3)})
}

// within makes a case of environment variables and a figure of the full span.
func within(name string, env setup, want int, figure func(sdktrace.ReadOnlySpan) int) behaviour {
	return behaviour{name: name, setup: env, check: func(p *probe) { p.Equal(want, figure(p.of(full))) }}
}

func countAttributes(s sdktrace.ReadOnlySpan) int { return len(s.Attributes()) }

func valueLength(s sdktrace.ReadOnlySpan) int { return len(s.Attributes()[0].Value.AsString()) }

var environmentBehaviours = []behaviour{
	within("attributes", environment("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2"), 2, countAttributes),
	within("attributes of all signals", environment("OTEL_ATTRIBUTE_COUNT_LIMIT", "2"), 2, countAttributes),
	within("attributes of spans go before those of all signals", environment("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1", "OTEL_ATTRIBUTE_COUNT_LIMIT", "2"), 1, countAttributes),
	within("a value that is no number is not used", environment("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "two"), 3, countAttributes),
	within("an empty value is not used", environment("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", ""), 3, countAttributes),
	within("length of values", environment("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"), 4, valueLength),
	within("length of values of all signals", environment("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"), 4, valueLength),
	within("events", environment("OTEL_SPAN_EVENT_COUNT_LIMIT", "2"), 2, func(s sdktrace.ReadOnlySpan) int { return len(s.Events()) }),
	within("links", environment("OTEL_SPAN_LINK_COUNT_LIMIT", "2"), 2, func(s sdktrace.ReadOnlySpan) int { return len(s.Links()) }),
	within("attributes of events", environment("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "2"), 2, func(s sdktrace.ReadOnlySpan) int { return len(s.Events()[3].Attributes) }),
	within("attributes of links", environment("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "2"), 2, func(s sdktrace.ReadOnlySpan) int { return len(s.Links()[3].Attributes) }),
	{name: "is read when the provider is made", check: func(p *probe) {
		p.NoError(os.Setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"))
		p.t.Cleanup(func() { p.NoError(os.Unsetenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")) })
		p.Len(p.of(full).Attributes(), 3)
	}},
	{name: "limits given go before it", setup: setup{
		env:    map[string]string{"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1"},
		limits: limited(func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 2 }).limits,
	}, check: func(p *probe) {
		p.Len(p.of(full).Attributes(), 2)
	}},
	{name: "a service's name", setup: setup{
		resource: resource.Empty(), // the default one is read from the environment once a process
		env:      map[string]string{"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment.name=test"},
	}, check: func(p *probe) {
		set := p.of(func(trace.Span) {}).Resource().Set()
		for key, want := range map[attribute.Key]string{"service.name": "shop", "deployment.environment.name": "test"} {
			value, _ := set.Value(key)
			p.Equal(want, value.AsString(), key)
		}
	}},
	unsampled("a sampler that is off", "OTEL_TRACES_SAMPLER", "always_off"),
	unsampled("a ratio of nothing", "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0"),
	unsampled("a ratio of nothing below parents", "OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0"),
	{name: "a sampler that is on", setup: environment("OTEL_TRACES_SAMPLER", "always_on"), check: func(p *probe) { p.of(full) }},
	{name: "a ratio of all", setup: environment("OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "1"), check: func(p *probe) { p.of(full) }},
	{name: "a sampler that nobody knows is reported and not used", setup: environment("OTEL_TRACES_SAMPLER", "magic"), check: func(p *probe) {
		p.of(full)
		p.NotEmpty(p.handled())
	}},
	{name: "a ratio that is no number is reported and all are kept", setup: environment("OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "few"), check: func(p *probe) {
		p.of(full)
		p.NotEmpty(p.handled())
	}},
}

// unsampled makes a case of a sampler's variables that export no span.
func unsampled(name string, pairs ...string) behaviour {
	return behaviour{name: name, setup: environment(pairs...), check: func(p *probe) {
		span := p.start()
		span.End()
		p.False(span.SpanContext().IsSampled())
		p.Empty(p.exported())
	}}
}
