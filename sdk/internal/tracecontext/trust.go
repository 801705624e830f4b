package tracecontext

import "context"

type untrustedKey struct{}

// Untrusted marks ctx, and all contexts below it, as those of a public
// endpoint: what its requests say is not believed. Extract then leaves out
// jcg, ot, the sampled flag and our baggage keys, and the span that serves a
// request begins a new trace, linked to the caller. For a listener, mark the
// context that http.Server.BaseContext returns.
func Untrusted(ctx context.Context) context.Context {
	return context.WithValue(ctx, untrustedKey{}, true)
}

// IsUntrusted reports whether ctx is that of a public endpoint.
func IsUntrusted(ctx context.Context) bool {
	return ctx.Value(untrustedKey{}) != nil
}

// distrust takes out what an untrusted caller says to us.
func (r *Remote) distrust() {
	r.untrusted = true
	r.flags = r.flags.WithSampled(false)
	r.members = members{all: r.members.foreign, foreign: r.members.foreign}
}
