package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
)

const (
	// pollEvery is how often is asked whether it can be seen yet.
	pollEvery = 5 * time.Millisecond
	// visibleLimit is when waiting ends with an error.
	visibleLimit = time.Minute
)

// visibility times the way from a span's acknowledgement to the API, for the
// slowest of some rounds.
func (b *bench) visibility(ctx context.Context) error { return b.viewed(ctx, "visible", b.look) }

// viewed runs a collector with a new store for as long as use needs it.
func (b *bench) viewed(ctx context.Context, name string, use func(context.Context, viewer) error) error {
	c, err := b.collector(name)
	if err != nil {
		return err
	}
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	v := viewer{api: api{c.API()}}
	if v.client, err = load.Dial(c.Traces(), 1); err != nil {
		return err
	}
	if err := use(ctx, v); err != nil {
		return err
	}
	_, err = server.Stop()
	return errors.Join(err, v.client.Close())
}

func (b *bench) look(ctx context.Context, v viewer) error {
	for _, figure := range []struct {
		name  string
		round func(context.Context, int) (time.Duration, error)
	}{
		{"chain_visible_s", v.chain},
		{"edge_visible_s", v.edge},
		{"client_only_visible_s", v.clientOnly},
	} {
		took, err := together(ctx, b.rounds, figure.round)
		if err != nil {
			return fmt.Errorf("%s: %w", figure.name, err)
		}
		b.Print(figure.name, slices.Max(took).Seconds(), "s")
	}
	return nil
}

// together runs rounds, each begun a little later than the one before, so that
// they meet the collector's timers at different moments.
func together(ctx context.Context, rounds int, round func(context.Context, int) (time.Duration, error)) ([]time.Duration, error) {
	const apart = 150 * time.Millisecond
	took, errs := make([]time.Duration, rounds), make([]error, rounds)
	var all sync.WaitGroup
	for i := range rounds {
		all.Go(func() { took[i], errs[i] = round(ctx, i) })
		time.Sleep(apart)
	}
	all.Wait()
	return took, errors.Join(errs...)
}

// viewer sends spans and looks for them.
type viewer struct {
	client *load.Client
	api    api
}

// pair is a trace of its own: a caller's server and client span, and the
// callee's server span. Its services have names of their own.
type pair struct {
	trace          pcommon.TraceID
	caller, callee string
	end            pcommon.Timestamp
}

func newPair(kind string, i int) pair {
	p := pair{
		caller: fmt.Sprintf("bench-%s-caller-%d", kind, i), callee: fmt.Sprintf("bench-%s-callee-%d", kind, i),
		end: pcommon.NewTimestampFromTime(time.Now()),
	}
	for at := range p.trace {
		p.trace[at] = byte(rand.Uint32())
	}
	return p
}

func (p pair) callerHalf() ptrace.Traces {
	td := ptrace.NewTraces()
	spans := service(td, p.caller)
	p.span(spans, ptrace.SpanKindServer, "GET /", 1, 0)
	p.span(spans, ptrace.SpanKindClient, "get", 2, 1).Attributes().PutStr("peer.service", p.callee)
	return td
}

func (p pair) calleeHalf() ptrace.Traces {
	td := ptrace.NewTraces()
	p.span(service(td, p.callee), ptrace.SpanKindServer, "Get", 3, 2)
	return td
}

func service(td ptrace.Traces, name string) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", name)
	return rs.ScopeSpans().AppendEmpty().Spans()
}

func (p pair) span(to ptrace.SpanSlice, kind ptrace.SpanKind, name string, id, parent byte) ptrace.Span {
	s := to.AppendEmpty()
	s.SetTraceID(p.trace)
	s.SetSpanID(pcommon.SpanID{id})
	s.SetParentSpanID(pcommon.SpanID{parent})
	s.SetKind(kind)
	s.SetName(name)
	s.SetStartTimestamp(p.end - 1e6)
	s.SetEndTimestamp(p.end)
	return s
}

// send returns when the spans are acknowledged.
func (v viewer) send(ctx context.Context, td ptrace.Traces) error {
	t, err := load.NewTemplate(td)
	if err != nil {
		return err
	}
	return v.client.Send(ctx, 0, t.Request(load.Variant{}))
}

func (v viewer) chain(ctx context.Context, i int) (time.Duration, error) {
	p := newPair("chain", i)
	if err := v.send(ctx, p.callerHalf()); err != nil {
		return 0, err
	}
	return until(ctx, func() (bool, error) {
		_, status, _, err := v.api.get(ctx, "/api/v3/traces/"+p.trace.String(), nil)
		return status == http.StatusOK, err
	})
}

// edge is timed from when its second half is acknowledged.
func (v viewer) edge(ctx context.Context, i int) (time.Duration, error) {
	p := newPair("edge", i)
	for _, half := range []ptrace.Traces{p.callerHalf(), p.calleeHalf()} {
		if err := v.send(ctx, half); err != nil {
			return 0, err
		}
	}
	return v.untilCalled(ctx, p)
}

func (v viewer) clientOnly(ctx context.Context, i int) (time.Duration, error) {
	p := newPair("client", i)
	if err := v.send(ctx, p.callerHalf()); err != nil {
		return 0, err
	}
	return v.untilCalled(ctx, p)
}

func (v viewer) untilCalled(ctx context.Context, p pair) (time.Duration, error) {
	return until(ctx, func() (bool, error) {
		body, status, _, err := v.api.get(ctx, "/api/jcg/v1/neighbourhood", url.Values{"service": {p.caller}})
		if err != nil || status != http.StatusOK {
			return false, err
		}
		var g graph
		err = json.Unmarshal(body, &g)
		return g.calls(p.caller, p.callee) > 0, err
	})
}

// until polls and returns how long it took.
func until(ctx context.Context, seen func() (bool, error)) (time.Duration, error) {
	start := time.Now()
	for time.Since(start) < visibleLimit {
		found, err := seen()
		if found || err != nil {
			return time.Since(start), err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
	return 0, fmt.Errorf("not seen after %v", visibleLimit)
}
