package sdk

import (
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// scope is an instrumentation scope of a provider.
type scope struct {
	private
	provider        *TracerProvider
	instrumentation instrumentation.Scope
}

// tracer is the scope as OTel's API sees it.
type tracer struct {
	embedded.Tracer
	*scope
}

var _ trace.Tracer = (*tracer)(nil)
