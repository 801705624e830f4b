package graphview_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/internal/biggraph"
)

var bigHour = callgraph.Window{From: time.Unix(0, 0), To: time.Unix(3600, 0)}

func bigView(b *testing.B) *graphview.View {
	v := graphview.New(graphview.Options{})
	require.NoError(b, biggraph.Cells(biggraph.Options{}, func(cells []callgraph.Cell) error {
		v.Apply(cells)
		return nil
	}))
	return v
}

func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		v := bigView(b)
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		b.ReportMetric(float64(v.Stats().Cells), "cells")
		runtime.KeepAlive(v)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkNeighbourhood(b *testing.B) {
	v := bigView(b)
	for name, q := range map[string]graphview.Query{
		"hub, 1 hop":  {Focus: graphview.Focus{Service: biggraph.Hub}, Up: 1, Down: 1},
		"hub, 2 hops": {Focus: graphview.Focus{Service: biggraph.Hub}, Up: 2, Down: 2},
		"any, 2 hops": {Focus: graphview.Focus{Service: biggraph.Service(20_000)}, Up: 2, Down: 2},
		"any, 3 hops": {Focus: graphview.Focus{Service: biggraph.Service(20_000)}, Up: 3, Down: 3},
	} {
		q.Window, q.Limit = bigHour, 500
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				a, err := v.Neighbourhood(context.Background(), q)
				require.NoError(b, err)
				b.ReportMetric(float64(len(a.Links)), "links")
				b.ReportMetric(float64(a.LinksFound), "found")
			}
		})
	}
}

func BenchmarkMap(b *testing.B) {
	v := bigView(b)
	for b.Loop() {
		_, err := v.Map(context.Background(), bigHour, "", 1000)
		require.NoError(b, err)
	}
}

func BenchmarkApply(b *testing.B) {
	var all []callgraph.Cell
	_ = biggraph.Cells(biggraph.Options{}, func(cells []callgraph.Cell) error {
		all = append(all, cells...)
		return nil
	})
	for b.Loop() {
		graphview.New(graphview.Options{}).Apply(all)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(all)), "ns/cell")
}

func BenchmarkFind(b *testing.B) {
	v := bigView(b)
	for name, text := range map[string]string{"one": "service-20000", "all": "e", "none": "no such name", "words": "service get"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _, err := v.Find(context.Background(), bigHour, text, "", 10)
				require.NoError(b, err)
			}
		})
	}
}
