package sdk

import (
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/trace"
)

// scope is an instrumentation scope of a provider.
type scope struct {
	private
	provider *TracerProvider
	instrumentation instrumentation.Scope
}

// tracer is the scope as OTel's API sees it.
type tracer struct {
	noTracer
	*scope
}

// noTracer brings the private method of OTel's interface.
type noTracer struct{ tracerMethods }

var _ trace.Tracer = (*tracer)(nil)
