package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
)

// Size of the logical chain: traces of so many spans over so many days.
const (
	logicalTraces  = 5_000
	logicalSpans   = 20
	logicalDays    = 30
	logicalRequest = 100 // traces
	logicalPath    = "/api/jcg/v1/logical-chains/order/4711"
)

// logicalChain stores a logical chain of many traces and opens it, and pages
// within it.
func (b *bench) logicalChain(ctx context.Context) error {
	return b.viewed(ctx, "logical", b.readLogical)
}

func (b *bench) readLogical(ctx context.Context, v viewer) error {
	for from := 0; from < logicalTraces; from += logicalRequest {
		if err := v.send(ctx, logicalPart(from, time.Now())); err != nil {
			return err
		}
	}
	opened, later, err := v.readLogical(ctx, max(1, b.queries/3))
	if err != nil {
		return err
	}
	b.Print(fmt.Sprintf("logical_chain_%d_p99_ms", logicalTraces), figure.Milliseconds(figure.P99(opened)), "ms")
	b.Print(fmt.Sprintf("logical_chain_%d_median_ms", logicalTraces), figure.Milliseconds(figure.Median(opened)), "ms")
	b.Print("logical_page_p99_ms", figure.Milliseconds(figure.P99(later)), "ms")
	return nil
}

type logicalAnswer struct {
	Traces   int
	Sections []struct{ Chain *struct{ Spans int } }
	Cursor   string
}

// readLogical opens the chain so often, and each time turns one page further.
func (v viewer) readLogical(ctx context.Context, times int) (opened, later []time.Duration, err error) {
	for cursor, i := "", 0; i < times; i++ {
		var first, page logicalAnswer
		took, err := v.api.read(ctx, logicalPath, nil, &first)
		if err != nil {
			return nil, nil, err
		}
		if first.Traces != logicalTraces || first.Sections[0].Chain == nil || first.Sections[0].Chain.Spans != logicalSpans {
			return nil, nil, fmt.Errorf("the logical chain has %d traces instead of %d, or not their spans", first.Traces, logicalTraces)
		}
		opened = append(opened, took)
		if cursor == "" {
			cursor = first.Cursor
		}
		if took, err = v.api.read(ctx, logicalPath, url.Values{"cursor": {cursor}}, &page); err != nil {
			return nil, nil, err
		}
		later, cursor = append(later, took), page.Cursor
	}
	return opened, later, nil
}

// logicalPart has the traces from one number on; the first began days ago.
func logicalPart(from int, now time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	for n := from; n < from+logicalRequest; n++ {
		var id pcommon.TraceID
		binary.BigEndian.PutUint64(id[:], uint64(n+1))
		binary.BigEndian.PutUint32(id[8:], uint32(n+1)*2_654_435_761) // short IDs apart
		begin := now.Add(-time.Duration(logicalTraces-n) * logicalDays * 24 * time.Hour / logicalTraces)
		one := deepChain(id, 0, logicalSpans, begin)
		one.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("order.number", "4711")
		one.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	return td
}
