package dropin

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/trace"
)

var scopeOptions = []trace.TracerOption{
	trace.WithInstrumentationVersion("1.2"), trace.WithSchemaURL("https://opentelemetry.io/schemas/1.2.0"),
	trace.WithInstrumentationAttributes(attribute.Int("b", 2), attribute.Int("a", 1)),
}

var scopeBehaviours = []behaviour{
	{name: "name, version, schema and attributes", check: func(p *probe) {
		_, span := p.Tracer("lib", scopeOptions...).Start(p.t.Context(), "op")
		span.End()
		p.Equal(instrumentation.Scope{
			Name: "lib", Version: "1.2", SchemaURL: "https://opentelemetry.io/schemas/1.2.0",
			Attributes: attribute.NewSet(attribute.Int("a", 1), attribute.Int("b", 2)),
		}, p.only().InstrumentationScope())
		p.Equal(p.only().InstrumentationScope(), p.only().InstrumentationLibrary()) //nolint:staticcheck // still asked for by old exporters
	}},
	{name: "a name alone", check: func(p *probe) {
		p.Equal(instrumentation.Scope{Name: "dropin"}, p.of(func(trace.Span) {}).InstrumentationScope())
	}},
	{name: "no name is the SDK's own", check: func(p *probe) {
		_, span := p.Tracer("").Start(p.t.Context(), "op")
		span.End()
		p.NotEmpty(p.only().InstrumentationScope().Name)
	}},
	{name: "the same scope is the same tracer", check: func(p *probe) {
		p.Same(p.Tracer("lib", scopeOptions...), p.Tracer("lib", scopeOptions...))
		p.Same(p.Tracer("lib"), p.Tracer("lib"))
	}},
	{name: "another version, schema or attribute is another tracer", check: func(p *probe) {
		all := []trace.Tracer{p.Tracer("lib"), p.Tracer("other")}
		for _, option := range scopeOptions {
			all = append(all, p.Tracer("lib", option))
		}
		for i, a := range all {
			for _, b := range all[:i] {
				p.NotSame(a, b)
			}
		}
	}},
	{name: "a child has its own", check: func(p *probe) {
		ctx, root := p.Tracer("a").Start(p.t.Context(), "root")
		_, child := p.Tracer("b").Start(ctx, "child")
		child.End()
		root.End()
		p.Equal("a", p.named("root").InstrumentationScope().Name)
		p.Equal("b", p.named("child").InstrumentationScope().Name)
	}},
}
