package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/internal/biggraph"
)

// question is one that the web UI asks; n counts up.
type question struct {
	name string
	path string
	ask  func(n int) url.Values
}

// graphPages are what the UI asks of the large graph.
var graphPages = []question{
	{"map_p99_ms", "/api/jcg/v1/map", func(int) url.Values { return url.Values{"limit": {"400"}} }},
	{"entrances_p99_ms", "/api/jcg/v1/entrances", func(int) url.Values { return url.Values{"limit": {"20"}} }},
	{"find_p99_ms", "/api/jcg/v1/search", func(n int) url.Values {
		name := biggraph.Service(n * 7919 % services).Name
		return url.Values{"q": {name[:len(name)-n%3]}} // as it is typed
	}},
}

// pages asks each question so often and prints its p99.
func (b *bench) pages(ctx context.Context, a api, questions []question) error {
	for _, q := range questions {
		took := make([]time.Duration, b.queries)
		for i := range took {
			var answer map[string]any
			var err error
			if took[i], err = a.read(ctx, q.path, q.ask(i), &answer); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
		}
		b.Print(q.name, figure.Milliseconds(figure.P99(took)), "ms")
	}
	return nil
}

// Sizes of the chains that are read: a large one, and the largest that the UI
// is made for.
const (
	largeChain   = 2_000
	largestChain = 40_000
	perRequest   = 2_000 // spans
)

// chains stores large chains and reads them.
func (b *bench) chains(ctx context.Context) error { return b.viewed(ctx, "chains", b.readChains) }

func (b *bench) readChains(ctx context.Context, v viewer) error {
	for _, size := range []int{largeChain, largestChain} {
		id := pcommon.TraceID{0: 1, 15: byte(size >> 8)}
		for from := 0; from < size; from += perRequest {
			if err := v.send(ctx, deepChain(id, from, from+perRequest, time.Now())); err != nil {
				return err
			}
		}
		took, err := v.readChain(ctx, id, size, max(1, b.queries*largeChain/size))
		if err != nil {
			return err
		}
		b.Print("chain_"+strconv.Itoa(size)+"_p99_ms", figure.Milliseconds(figure.P99(took)), "ms")
	}
	return nil
}

func (v viewer) readChain(ctx context.Context, id pcommon.TraceID, size, times int) (took []time.Duration, err error) {
	took = make([]time.Duration, times)
	for i := range took {
		var answer struct{ Chain struct{ Spans []struct{} } }
		if took[i], err = v.api.read(ctx, "/api/jcg/v1/chains/"+id.String(), nil, &answer); err != nil {
			return nil, err
		}
		if len(answer.Chain.Spans) != size {
			return nil, fmt.Errorf("chain %s has %d spans instead of %d", id, len(answer.Chain.Spans), size)
		}
	}
	return took, nil
}

// deepChain has the spans from one number to another of a chain: pairs of client
// and server that call on and on, each from a random one before.
func deepChain(id pcommon.TraceID, from, to int, begin time.Time) ptrace.Traces {
	random := rand.New(rand.NewPCG(1, uint64(from)))
	td := ptrace.NewTraces()
	for n := from; n < to; n++ {
		name, parent := "service-"+strconv.Itoa(n/2%40), n // its client
		if n%2 == 0 {
			parent = 2 * random.IntN(n/2+1) // a server before it; the first has none
		}
		s := service(td, name).AppendEmpty()
		s.SetTraceID(id)
		s.SetSpanID(spanID(n + 1))
		if n > 0 {
			s.SetParentSpanID(spanID(parent))
		}
		s.SetKind([]ptrace.SpanKind{ptrace.SpanKindClient, ptrace.SpanKindServer}[n%2])
		s.SetName("POST /task/" + strconv.Itoa(n%100))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(n) * time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(n+random.IntN(20)) * time.Millisecond)))
		s.Attributes().PutStr("http.request.method", "POST")
		if n%100 == 99 {
			s.Status().SetCode(ptrace.StatusCodeError)
		}
	}
	return td
}

func spanID(n int) pcommon.SpanID {
	return pcommon.SpanID{4: 1, 5: byte(n >> 16), 6: byte(n >> 8), 7: byte(n)}
}
