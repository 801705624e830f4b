package sdk

import (
	"fmt"
	"slices"

	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel/propagation"

	"github.com/jcallgraph/jcallgraph/sdk/internal/tracecontext"
)

// Propagator carries traceparent, tracestate and baggage between processes, in
// the place of OTel's propagation.TraceContext and propagation.Baggage. Business
// keys go to trusted destinations only, and are not taken from callers that are
// not trusted. Setup sets one.
func Propagator(chainKeys ...string) propagation.TextMapPropagator {
	return tracecontext.New(tracecontext.Options{Baggage: true, OwnKeys: chainKeys})
}

// propagators are those that OTEL_PROPAGATORS names: ours where the trace
// context is among them, those of OTel's contributions for other names.
func propagators(names, chainKeys []string, stock bool) (propagation.TextMapPropagator, error) {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "none" })
	if len(names) == 0 {
		return propagation.NewCompositeTextMapPropagator(), nil
	}
	ours := !stock && slices.Contains(names, "tracecontext")
	baggage := slices.Contains(names, "baggage")
	var all []propagation.TextMapPropagator
	if ours {
		all = append(all, tracecontext.New(tracecontext.Options{Baggage: baggage, OwnKeys: chainKeys}))
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
