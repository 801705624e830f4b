package client

import (
	"runtime"
	"testing"
)

// BenchmarkSend is of frames of 100 spans, one after the other and by eight
// callers at once, to a receiver that decodes them in the same process.
func BenchmarkSend(b *testing.B) {
	serve := func(_ int, c *call) error {
		c.hello(0)
		return storing(c)
	}
	batch := from(1, 100)
	b.Run("one", func(b *testing.B) {
		c := New(newReceiver(b, serve).options())
		b.ReportAllocs()
		for b.Loop() {
			if err := c.Send(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		shutdown(b, c)
	})
	b.Run("eight", func(b *testing.B) {
		c := New(newReceiver(b, serve).options())
		b.SetParallelism(8)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if err := c.Send(b.Context(), batch); err != nil {
					b.Error(err)
				}
			}
		})
		shutdown(b, c)
	})
}

// BenchmarkClients tells what a client holds that never sent; and one with a
// stream, of which both ends are counted, with gRPC's own goroutines and the
// 128 KiB that stand in for a network.
func BenchmarkClients(b *testing.B) {
	const n = 500
	cut := make(chan struct{})
	r := newReceiver(b, func(_ int, c *call) error {
		c.hello(0)
		f, _ := c.next()
		c.stored(f.number)
		<-cut
		return nil
	})
	held, goroutines := inUse()
	report := func(when string) {
		bytes, now := inUse()
		b.ReportMetric(float64(bytes-held)/n, when+"-B")
		b.ReportMetric(float64(now-goroutines)/n, when+"-goroutines")
	}
	clients := make([]*Client, n)
	for i := range clients {
		clients[i] = New(r.options())
	}
	report("new")
	for _, c := range clients {
		if err := c.Send(b.Context(), from(1, 1)); err != nil {
			b.Fatal(err)
		}
	}
	report("stream")
	close(cut)
	for _, c := range clients {
		<-c.ended
	}
	r.server.Stop()
	_, now := inUse()
	b.ReportMetric(float64(now-goroutines)/n, "cut-goroutines")
	runtime.KeepAlive(clients)
}

func inUse() (bytes int64, goroutines int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine()
}
