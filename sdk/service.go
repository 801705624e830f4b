package sdk

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// serviceOf is the service that the resource describes, and its instance.
func serviceOf(r *resource.Resource) (s callgraph.Service, instance string) {
	text := func(key attribute.Key) string {
		v, _ := r.Set().Value(key)
		return v.String()
	}
	s = callgraph.Service{
		Environment: firstOf(text(callgraph.EnvironmentKey), text(callgraph.EnvironmentKeyOlder)),
		Namespace:   text(callgraph.NamespaceKey),
		Name:        firstOf(text(callgraph.ServiceKey), callgraph.UnknownService),
	}
	return s, text(semconv.ServiceInstanceIDKey)
}
