package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// BenchmarkWriteSightings writes new keys in new traces, 256 at a time.
func BenchmarkWriteSightings(b *testing.B) {
	s := openStore(b, Options{fs: vfs.Default})
	r := rand.New(rand.NewPCG(1, 2))
	batch := make([]callgraph.Sighting, 256)
	for n := 0; b.Loop(); n += len(batch) {
		for i := range batch {
			x := &batch[i]
			x.Key = callgraph.ChainKey{Environment: "prod", Kind: "order", Value: fmt.Sprintf("ORD-2026-%011d", n+i)}
			binary.BigEndian.PutUint64(x.TraceID[:], r.Uint64())
			binary.BigEndian.PutUint64(x.TraceID[8:], r.Uint64())
			x.Start = time.Now()
		}
		if err := s.WriteSightings(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/sighting")
}
