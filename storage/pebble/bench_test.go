package pebble

import (
	"strconv"
	"testing"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// BenchmarkWriteCells writes 100,000 cells again and again, each time with a
// greater sequence and every tenth time in a new bucket, as the collector does
// at its bound.
func BenchmarkWriteCells(b *testing.B) {
	const edges = 100_000
	s := openStore(b, Options{})
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
