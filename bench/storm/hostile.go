package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel"

	"github.com/jcallgraph/jcallgraph/bench/internal/application"
	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// beAttacked sends requests of whose headers no two are alike. What they cost
// the memory must have an end, and what the services do among themselves must
// be counted as ever.
func (b *bench) beAttacked(ctx context.Context) error {
	// What callers send wrong is reported, and would fill the screen.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	return b.withCollector(ctx, "hostile", func(c child.Collector) error {
		a, err := application.New(ctx, application.Options{
			Collector: c.Traces(), Record: &signatures{},
			Policy: sampler.Policy{Rate: sampler.ParentBased{Root: sampler.OneIn(1000)}, Keep: sampler.Errors},
		})
		if err != nil {
			return err
		}
		attack := func(n int) {
			b.drive(func(i int) { a.Serve(i, hostile(), application.Failure{}) }, func(i int) bool { return i <= n })
		}
		attack(b.requests / 10)
		first := heap()
		attack(b.requests - b.requests/10)
		last := heap()
		b.Print("hostile_requests", float64(a.Requests().Calls), "requests")
		b.Print("hostile_heap_after_tenth_mb", figure.MB(int64(first)), "MB")
		b.Print("hostile_heap_after_all_mb", figure.MB(int64(last)), "MB")
		if err := a.Flush(ctx); err != nil {
			return err
		}
		if err := exact(ctx, c.API(), a.Calls()); err != nil {
			return err
		}
		b.Print("hostile_counts_exact", 1, "bool")
		return a.Close(ctx)
	})
}

// hostile is a request's trace headers; they claim what nobody should believe,
// are as long as may be, or no headers at all.
func hostile() http.Header {
	h := http.Header{}
	h.Set("traceparent", fmt.Sprintf("00-%016x%016x-%016x-%02x", rand.Uint64(), rand.Uint64()|1, rand.Uint64()|1, rand.Uint32N(256)))
	h.Set("tracestate", hostileState())
	h.Set("baggage", hostileBaggage())
	if rand.Uint32N(50) == 0 {
		h.Add("traceparent", noise(55))
		h.Add("tracestate", noise(200))
		h.Add("baggage", noise(200))
	}
	return h
}

func hostileState() string {
	switch rand.Uint32N(6) {
	case 0: // an entry like ours, of operations that nobody has
		return fmt.Sprintf("jcg=1:%016x:%016x:%08x:01:%016x,ot=th:%x", rand.Uint64(), rand.Uint64(), rand.Uint32(), rand.Uint64(), rand.Uint32())
	case 1:
		return fmt.Sprintf("jcg=%s,ot=rv:%014x;th:%x;%s:1", noise(60), rand.Uint64()>>8, rand.Uint32(), noise(40))
	case 2: // more members than may be
		members := make([]string, 40)
		for i := range members {
			members[i] = fmt.Sprintf("k%d=%x", i, rand.Uint64())
		}
		return strings.Join(members, ",")
	case 3:
		return "jcg=1,jcg=2,ot=th:0,ot=th:8,ot=" + noise(20)
	case 4:
		return noise(2000)
	}
	return fmt.Sprintf("vendor%x=%s", rand.Uint32(), strings.Repeat("x", 250))
}

func hostileBaggage() string {
	switch rand.Uint32N(4) {
	case 0:
		return fmt.Sprintf("order.number=%x,k%x=%s", rand.Uint64(), rand.Uint64(), strings.Repeat("%41", 300))
	case 1:
		members := make([]string, 200)
		for i := range members {
			members[i] = fmt.Sprintf("k%x=%x", rand.Uint32(), rand.Uint64())
		}
		return strings.Join(members, ",")
	case 2:
		return noise(4000)
	}
	return fmt.Sprintf("k%x=v;p=%x", rand.Uint64(), rand.Uint64())
}

// noise is bytes that headers may have, and some that they may not.
func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return string(b)
}
