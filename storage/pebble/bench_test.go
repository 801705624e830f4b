package pebble

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// BenchmarkWriteCells writes 100,000 cells again and again, each time with a
// greater sequence and every tenth time in a new bucket, as the collector does
// at its bound.
func BenchmarkWriteCells(b *testing.B) {
	const edges = 100_000
	s := openStore(b, Options{fs: vfs.Default})
	cells := make([]callgraph.Cell, edges)
	for i := range cells {
		cells[i] = hotCell("operation "+strconv.Itoa(i), 5, time.Now().Add(time.Hour))
		cells[i].Edge.Caller.Service.Name = "service " + strconv.Itoa(i%1000)
	}
	n := 0
	b.ResetTimer()
	for b.Loop() {
		n++
		for i := range cells {
			cells[i].Sequence++
			if n%10 == 0 {
				cells[i].Bucket.Start += callgraph.HotWidth
			}
		}
		if err := s.WriteCells(b.Context(), cells); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*edges), "ns/cell")
}

// BenchmarkWriteIntervals has instances of 100 services, 30 each, that send an
// interval of 60 cells at a time, 64 of them at once. Each service has 60 edges,
// a tenth of the intervals begin a new bucket.
func BenchmarkWriteIntervals(b *testing.B) {
	const instances, services, edges, senders = 3000, 100, 60, 64
	s := openStore(b, Options{fs: vfs.Default})
	at := time.Now()
	intervals := make(chan callgraph.Interval, senders)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for in := range intervals {
				if _, err := s.WriteInterval(b.Context(), in); err != nil {
					b.Error(err)
				}
			}
		})
	}
	n := uint64(0)
	for b.Loop() {
		n++
		in := callgraph.Interval{Instance: strconv.FormatUint(n%instances, 10), Number: n/instances + 1, Cells: make([]callgraph.Cell, edges)}
		for i := range in.Cells {
			c := &in.Cells[i]
			c.Edge.Caller = callgraph.Operation{Service: callgraph.Service{Environment: "production", Name: "service " + strconv.FormatUint(n%services, 10)}, Name: "GET /" + strconv.Itoa(i%10)}
			c.Edge.Callee = callgraph.Operation{Service: callgraph.Service{Name: "peer " + strconv.Itoa(i)}, Name: "GET", Node: callgraph.Virtual}
			c.Bucket = callgraph.BucketAt(at.Add(time.Duration(in.Number)*time.Second), callgraph.HotWidth)
			for d := range 5 {
				c.Client.Add(time.Duration(d+1)*time.Duration(n%7+1)*time.Millisecond, n%3+1)
			}
		}
		intervals <- in
	}
	close(intervals)
	all.Wait()
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(float64(n)/seconds, "intervals/s")
	b.ReportMetric(float64(n*edges)/seconds, "cells/s")
}
