package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/processor/dependency"
	"github.com/jcallgraph/jcallgraph/processor/dependency/ledger"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

const (
	busyCalls  = 5   // of a local trace, each at a site that no other calls
	busyBefore = 100 // local traces of each before the first turn that counts
	flushEvery = 2 * time.Second
	atHand     = 4096 // records, as the processor has them
)

// flushes are ways to write evidence down; nil writes none.
var flushes = []struct {
	name string
	take func(o *dependency.Observer, limit int, turn uint64) []strength.Record
}{
	{"", nil},
	{"evidence_at_once", func(o *dependency.Observer, limit int, _ uint64) []strength.Record { return o.Take(limit) }},
	{"evidence_in_turn", (*dependency.Observer).TakeDue},
}

// measureEvidence writes that of sites which are all seen between two flushes,
// as at N = 1, into an embedded store.
func measureEvidence(ctx context.Context, p *figure.Printer, o options) error {
	if o.busySites == 0 {
		return nil
	}
	p.Print("busy_sites", float64(o.busySites), "sites")
	var observing time.Duration
	for _, f := range flushes {
		b := &busy{sites: o.busySites, turns: o.turns, take: f.take}
		if err := b.run(ctx); err != nil {
			return err
		}
		if f.take == nil {
			observing = b.cpu
			continue
		}
		seconds := (time.Duration(o.turns) * flushEvery).Seconds()
		p.Print(f.name+"_records_per_second", float64(b.records)/seconds, "records/s")
		p.Print(f.name+"_bytes_per_second", float64(b.written)/seconds, "B/s")
		p.Print(f.name+"_cpu_percent", 100*(b.cpu-observing).Seconds()/seconds, "%")
	}
	return nil
}

// busy is a run of turns.
type busy struct {
	sites, turns int
	take         func(o *dependency.Observer, limit int, turn uint64) []strength.Record
	records      int
	written      int64 // bytes, by all writes of the process
	cpu          time.Duration
}

func (b *busy) run(ctx context.Context) error {
	directory, err := os.MkdirTemp("", "bench-evidence-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	s, err := pebble.Open(pebble.Options{Directory: directory})
	if err != nil {
		return err
	}
	o := dependency.New(dependency.Options{MaxSites: b.sites})
	l := ledger.New(s, s.WriterID(), min(atHand, b.sites))
	for n := range busyBefore {
		b.see(o, n)
	}
	if err := l.Flush(ctx, o.Take); err != nil {
		return err
	}
	written, err := writtenBytes()
	if err != nil {
		return err
	}
	before := processorTime()
	for turn := range b.turns {
		if b.see(o, busyBefore+turn); b.take == nil {
			continue
		}
		err := l.Flush(ctx, func(limit int) []strength.Record {
			records := b.take(o, limit, uint64(turn)+1)
			b.records += len(records)
			return records
		})
		if err != nil {
			return err
		}
	}
	if err := s.Close(); err != nil {
		return err
	}
	b.cpu = processorTime() - before
	after, err := writtenBytes()
	b.written = after - written
	return err
}

// see shows one more call at each site.
func (b *busy) see(o *dependency.Observer, generation int) {
	now := time.Unix(1_000_000_000+int64(generation), 0)
	for n := range b.sites / busyCalls {
		td := localTrace(uint64(n+1), busyCalls, true)
		for _, s := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			id := s.TraceID()
			id[15], id[14] = byte(generation), byte(generation>>8)
			s.SetTraceID(id)
		}
		o.Add(td, now)
	}
	o.Expire(now.Add(time.Minute))
}

// writtenBytes are those that the process gave to the system to write.
func writtenBytes() (int64, error) {
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(io) {
		if n, ok := bytes.CutPrefix(line, []byte("wchar: ")); ok {
			return strconv.ParseInt(string(bytes.TrimSpace(n)), 10, 64)
		}
	}
	return 0, fmt.Errorf("/proc/self/io has no wchar")
}
