package simulate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func newSystem(t testing.TB, o Options) *System {
	s, err := New(o)
	require.NoError(t, err)
	return s
}

func BenchmarkUnkeptSteps(b *testing.B) {
	s := newSystem(b, Options{Seed: 1, Services: 40, OneIn: 100_000, FaultRate: 1e-9})
	b.ReportAllocs()
	for b.Loop() {
		s.Chain(func(ptrace.Traces) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.Counts().Steps), "ns/step")
	b.ReportMetric(float64(s.Counts().Kept)/float64(b.N), "kept/chain")
}

func BenchmarkKeptSpans(b *testing.B) {
	s := newSystem(b, Options{Seed: 1, Services: 40})
	b.ReportAllocs()
	for b.Loop() {
		s.Chain(func(ptrace.Traces) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(s.Counts().Kept), "ns/span")
}
