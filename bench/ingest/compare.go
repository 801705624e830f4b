package main

import (
	"context"
	"errors"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/jaeger"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
)

// compare sends the same requests, as many in flight, to Jaeger, which does not
// wait for its disk before it acknowledges.
func (b *bench) compare(ctx context.Context, r load.Recording, ours measured) error {
	binary, err := jaeger.Build(ctx, b)
	if err != nil {
		return err
	}
	b.Note("%s with Badger, the same requests", jaeger.Module)
	m, err := b.measureJaeger(ctx, r, binary)
	if err != nil {
		return err
	}
	b.Print("jaeger_spans_per_second", m.Rate(), "spans/s")
	b.Print("jaeger_refusals", float64(m.refusals()), "requests")
	b.Print("jaeger_spans_per_cpu_second", m.perCPUSecond(), "spans/s")
	b.Print("jaeger_disk_bytes_per_span", float64(m.disk)/float64(m.Spans), "B")
	b.Print("jaeger_peak_rss_mb", figure.MB(m.usage.PeakRSS), "MB")
	b.Print("ingest_vs_jaeger", ours.perCPUSecond()/m.perCPUSecond(), "x")
	return nil
}

// measureJaeger counts the spans that were stored, and takes the disk after
// the stop, like ours.
func (b *bench) measureJaeger(ctx context.Context, r load.Recording, binary string) (m measured, err error) {
	folder, err := b.subfolder("jaeger")
	if err != nil {
		return m, err
	}
	j := jaeger.Jaeger{Binary: binary, Folder: folder, PortOffset: b.portOffset}
	command, err := j.Command()
	if err != nil {
		return m, err
	}
	server, err := child.Start(ctx, command)
	if err != nil {
		return m, err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	if m.Outcome, err = b.send(ctx, r, j.Traces()); err != nil {
		return m, err
	}
	if m.Spans, err = j.Drain(ctx, m.Spans); err != nil {
		return m, err
	}
	if m.usage, err = server.Stop(); err != nil {
		return m, errors.Join(errors.New("measure Jaeger"), err)
	}
	m.disk, err = child.DiskBytes(j.Store())
	return m, err
}
