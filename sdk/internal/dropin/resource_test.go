package dropin

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
)

func resourceOf(p *probe) *resource.Resource { return p.of(func(trace.Span) {}).Resource() }

// says makes a case of a resource's attribute.
func says(name string, s setup, key attribute.Key, want string) behaviour {
	return behaviour{name: name, setup: s, check: func(p *probe) {
		value, ok := resourceOf(p).Set().Value(key)
		p.True(ok, "%s is missing", key)
		p.Regexp(want, value.String())
	}}
}

var shop = resource.NewSchemaless(attribute.String("service.name", "shop"))

var resourceBehaviours = []behaviour{
	says("an unknown service by default", setup{}, "service.name", `^unknown_service:`),
	says("the SDK's language by default", setup{}, "telemetry.sdk.language", "^go$"),
	says("the SDK's name by default", setup{}, "telemetry.sdk.name", "."),
	says("the SDK's version by default", setup{}, "telemetry.sdk.version", `^v?\d|devel`),
	says("one's own", setup{resource: shop}, "service.name", "^shop$"),
	says("one's own and the environment's", setup{resource: shop, env: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "a=1"}}, "a", "^1$"),
	says("one's own goes before the environment's", setup{resource: shop, env: map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "service.name=env"}}, "service.name", "^shop$"),
	{name: "one's own takes the SDK's away", setup: setup{resource: shop}, check: func(p *probe) {
		p.False(resourceOf(p).Set().HasValue("telemetry.sdk.name"))
	}},
	{name: "an empty one is empty", setup: setup{resource: resource.Empty()}, check: func(p *probe) {
		p.Zero(resourceOf(p).Len())
	}},
	{name: "its schema stays", setup: setup{resource: resource.NewWithAttributes("https://a/1.0.0", attribute.Int("a", 1))}, check: func(p *probe) {
		p.Equal("https://a/1.0.0", resourceOf(p).SchemaURL())
	}},
	{
		name: "schemas in conflict are reported and all attributes kept",
		setup: setup{
			resource: resource.NewWithAttributes("https://a/1.0.0", attribute.Int("a", 1)),
			env:      map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "b=2"},
		},
		check: func(p *probe) {
			r := resourceOf(p)
			p.Equal(2, r.Len())
			for _, err := range p.handled() {
				p.ErrorIs(err, resource.ErrSchemaURLConflict)
			}
			if len(p.handled()) == 0 {
				p.NotEmpty(r.SchemaURL())
			}
		},
	},
	{name: "all spans share one", check: func(p *probe) {
		under(p.t.Context(), p, "a")
		under(p.t.Context(), p, "b")
		p.Same(p.named("a").Resource(), p.named("b").Resource())
	}},
}
