// Package w3ctest has the cases of the W3C Trace Context test suite
// (github.com/w3c/trace-context, test/test.py at its strict level 2) as a
// table, and asks a provider and a propagator each of them as that suite asks
// a service: a request comes in, the service calls back.
package w3ctest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Case is a request and what must be true of the calls that follow from it.
type Case struct {
	Name  string   // the suite's, and which of its requests
	Lines []string // of the request's header, as they come over the wire

	TraceID string   // that goes on; empty: a new trace begins
	Random  bool     // the random flag goes on
	State   []string // members of tracestate that leave in this order, others aside
	OneOf   []string // one of these leaves
	Without []string // keys of tracestate that do not leave
	Members int      // that leave; 0: any number up to 32
	Calls   int      // how many follow, each from a span of its own; 0: one

	// Stock says how the stock propagators answer where they do not pass.
	Stock string
	// Raw needs spans that pass members on which otel-go's TraceState refuses.
	Raw bool
}

// Run asks all cases.
func Run(t *testing.T, provider trace.TracerProvider, propagator propagation.TextMapPropagator) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(t.Context(), provider, propagator); err != nil {
				t.Error(err)
			}
		})
	}
}

// Check says what is wrong with the answer to one case.
func (c Case) Check(ctx context.Context, provider trace.TracerProvider, propagator propagation.TextMapPropagator) error {
	request, err := overTheWire("POST / HTTP/1.1\r\nHost: service\r\n" + strings.Join(append(slices.Clone(c.Lines), "", ""), "\r\n"))
	if err != nil {
		return fmt.Errorf("receive the request: %w", err)
	}
	ctx = propagator.Extract(ctx, propagation.HeaderCarrier(request.Header))
	tracer := provider.Tracer("w3ctest")
	ctx, server := tracer.Start(ctx, "serve", trace.WithSpanKind(trace.SpanKindServer))
	defer server.End()
	var parents []string
	for range max(c.Calls, 1) {
		header, err := call(ctx, tracer, propagator)
		if err != nil {
			return err
		}
		parent, err := c.check(header)
		if err != nil {
			return fmt.Errorf("%w in the headers %q", err, header)
		}
		if slices.Contains(parents, parent) {
			return fmt.Errorf("two calls have the parent %s", parent)
		}
		parents = append(parents, parent)
	}
	return nil
}

// call is one request that the service makes, as its receiver sees it.
func call(ctx context.Context, tracer trace.Tracer, propagator propagation.TextMapPropagator) (http.Header, error) {
	ctx, span := tracer.Start(ctx, "call", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/", http.NoBody)
	if err != nil {
		return nil, err
	}
	propagator.Inject(ctx, propagation.HeaderCarrier(request.Header))
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		return nil, fmt.Errorf("send a call: %w", err)
	}
	received, err := overTheWire(wire.String())
	if err != nil {
		return nil, fmt.Errorf("receive a call: %w", err)
	}
	return received.Header, nil
}

func overTheWire(text string) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
}

var (
	parentPattern = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$`)
	memberPattern = regexp.MustCompile(`^([0-9a-z][_0-9a-z\-*/@]{0,255})=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])$`)
)

func (c Case) check(header http.Header) (parentID string, err error) {
	parents := header.Values("traceparent")
	if len(parents) != 1 || !parentPattern.MatchString(parents[0]) {
		return "", fmt.Errorf("traceparent is %q", parents)
	}
	parts := parentPattern.FindStringSubmatch(parents[0])
	traceID, parentID, flags := parts[1], parts[2], parts[3]
	came := strings.Join(c.Lines, "\n")
	switch {
	case traceID == strings.Repeat("0", 32) || parentID == strings.Repeat("0", 16):
		return "", fmt.Errorf("traceparent has an ID of zeros")
	case c.TraceID != "" && traceID != c.TraceID:
		return "", fmt.Errorf("the trace %s does not go on", c.TraceID)
	case c.TraceID == "" && strings.Contains(came, traceID):
		return "", fmt.Errorf("the trace %s goes on", traceID)
	case strings.Contains(came, "-"+parentID+"-"):
		return "", fmt.Errorf("the parent %s was not replaced", parentID)
	case c.Random && !strings.ContainsAny(flags[1:], "2367abef"):
		return "", fmt.Errorf("the random flag is lost")
	}
	return parentID, c.checkState(header)
}

func (c Case) checkState(header http.Header) error {
	var members, keys []string
	for member := range strings.SplitSeq(strings.Join(header.Values("tracestate"), ","), ",") {
		if member == "" {
			continue
		}
		parts := memberPattern.FindStringSubmatch(member)
		if parts == nil || slices.Contains(keys, parts[1]) {
			return fmt.Errorf("member %q is not valid or sent twice", member)
		}
		members, keys = append(members, member), append(keys, parts[1])
	}
	at := 0
	for _, want := range c.State {
		i := slices.Index(members[at:], want)
		if i < 0 {
			return fmt.Errorf("member %q is lost or out of order", want)
		}
		at += i + 1
	}
	isOne := func(member string) bool { return slices.Contains(c.OneOf, member) }
	isUnwanted := func(key string) bool { return slices.Contains(c.Without, key) }
	switch {
	case len(c.OneOf) > 0 && !slices.ContainsFunc(members, isOne):
		return fmt.Errorf("none of %q leaves", c.OneOf)
	case slices.ContainsFunc(keys, isUnwanted):
		return fmt.Errorf("one of the keys %q leaves", c.Without)
	case len(members) > 32 || c.Members > 0 && len(members) != c.Members:
		return fmt.Errorf("%d members leave", len(members))
	}
	return nil
}
