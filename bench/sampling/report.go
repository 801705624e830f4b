package main

import (
	"fmt"
	"strings"

	"github.com/jcallgraph/jcallgraph/bench/internal/application"
)

func (b *bench) report(p point) {
	name := fmt.Sprintf("n%d_load%d_", p.n, p.load)
	b.Print(name+"requests_per_second", p.perSecond(p.requests.Calls), "requests/s")
	b.Print(name+"spans_made_per_second", p.perSecond(p.made), "spans/s")
	b.Print(name+"spans_per_second", p.perSecond(p.sent.Spans), "spans/s")
	b.Print(name+"packets_per_second", p.perSecond(p.sent.Packets), "packets/s")
	b.Print(name+"bytes_per_second", p.perSecond(p.sent.Bytes), "B/s")
	b.Print(name+"edge_packets_per_second", p.perSecond(p.sent.EdgePackets), "packets/s")
	b.Print(name+"edge_bytes_per_second", p.perSecond(p.sent.EdgeBytes), "B/s")
	b.Print(name+"collector_cpu", p.cpu.Seconds()/p.took.Seconds(), "cores")
	b.Print(name+"edges_complete", ratio(len(p.found), len(p.calls)), "ratio")
	b.Print(name+"edge_calls_found", float64(sum(p.found)), "calls")
	b.Print(name+"edge_calls_made", float64(sum(p.calls)), "calls")
	b.Print(name+"spans_dropped", float64(p.dropped), "spans")
}

func ratio(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

func sum(calls map[application.Pair]application.Made) (n uint64) {
	for _, made := range calls {
		n += made.Calls
	}
	return n
}

// compare says of each load how far the spans that were kept are from what N
// lets expect: each success once in N, and the failures.
func (b *bench) compare(all []point) {
	for _, p := range all {
		expected := float64(p.made)/float64(p.n) + failedSpans(p)*(1-1/float64(p.n))
		b.Print(fmt.Sprintf("n%d_load%d_spans_vs_expected", p.n, p.load), float64(p.sent.Spans+p.dropped)/expected, "ratio")
	}
}

// failedSpans is about how many spans a failure keeps: those that failed. Of
// local traces a few more.
func failedSpans(p point) float64 {
	n := p.requests.Errors
	for pair, made := range p.calls {
		n += made.Errors
		if !application.Virtual(pair.Callee) {
			n += made.Errors
		}
	}
	return float64(n)
}

func table(all []point) string {
	var t strings.Builder
	t.WriteString("| requests/s | N | spans/s | packets/s | kB/s | counts, kB/s | collector, cores | edges found | calls found of made |\n")
	t.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range all {
		fmt.Fprintf(&t, "| %d | %d | %.1f | %.1f | %.2f | %.2f | %.3f | %d of %d | %d of %d |\n", p.load, p.n,
			p.perSecond(p.sent.Spans), p.perSecond(p.sent.Packets), p.perSecond(p.sent.Bytes)/1e3, p.perSecond(p.sent.EdgeBytes)/1e3,
			p.cpu.Seconds()/p.took.Seconds(), len(p.found), len(p.calls), sum(p.found), sum(p.calls))
	}
	return t.String()
}
