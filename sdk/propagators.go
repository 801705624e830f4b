package sdk

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel/propagation"

	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// Propagator carries traceparent, tracestate and baggage between processes, in
// the place of OTel's propagation.TraceContext and propagation.Baggage. Business
// keys go to trusted destinations only, and are not taken from callers that are
// not trusted (Untrusted). Setup sets one, which heeds WithPublicEndpoint and the
// debug key, too; here that key is to be among the others.
func Propagator(chainKeys ...string) propagation.TextMapPropagator {
	return tracecontext.New(tracecontext.Options{Baggage: true, OwnKeys: chainKeys})
}

// Untrusted marks ctx, and all below it, as that of one public listener among
// others; WithPublicEndpoint is for a process that has no others. Requests that
// Propagator reads there are not believed: their traces begin here, linked to the
// caller, and their business and debug keys are left out. Mark the context that
// http.Server's BaseContext returns.
func Untrusted(ctx context.Context) context.Context { return tracecontext.Untrusted(ctx) }

// propagators are those that OTEL_PROPAGATORS names: ours where the trace
// context is among them, those of OTel's contributions for other names.
func propagators(names []string, own tracecontext.Options, stock bool) (propagation.TextMapPropagator, error) {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "none" })
	if len(names) == 0 {
		return propagation.NewCompositeTextMapPropagator(), nil
	}
	ours := !stock && slices.Contains(names, "tracecontext")
	own.Baggage = slices.Contains(names, "baggage")
	var all []propagation.TextMapPropagator
	if ours {
		all = append(all, tracecontext.New(own))
		names = slices.DeleteFunc(names, func(name string) bool { return name == "tracecontext" || name == "baggage" })
	}
	for _, name := range names {
		p, err := autoprop.TextMapPropagator(name)
		if err != nil {
			return nil, fmt.Errorf("propagator %q: accepted: tracecontext, baggage, b3, b3multi, jaeger, xray, ottrace, none", name)
		}
		all = append(all, p)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return propagation.NewCompositeTextMapPropagator(all...), nil
}
