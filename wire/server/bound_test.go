package server

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

func nth(i int) string { return fmt.Sprintf("%032x", i+1) }

// TestDecodedFramesHaveABound: as many as fit are stored at once, some more are
// decoded, all others wait.
func TestDecodedFramesHaveABound(t *testing.T) {
	const fit = 3
	in, out := make(chan struct{}), make(chan struct{})
	var stored, most atomic.Int64
	sink := &memory{refuse: func(context.Context) error {
		most.Store(max(most.Load(), stored.Add(1)))
		in <- struct{}{}
		<-out
		stored.Add(-1)
		return nil
	}}
	frame := newEncoder(t).spans("a")
	one := decode(t, frame)
	size := int64(one.Decoded())
	r := serve(t, sink, Options{MaxBytes: fit*size + size/2})
	places := 2 * runtime.GOMAXPROCS(0)
	peers := make([]*peer, fit+places+10)
	for i := range peers {
		peers[i] = r.begin(t, nth(i), 0)
		peers[i].send(frame)
	}
	for range fit {
		<-in
	}
	eventually(t, "all frames came, and as many as may were decoded", func() bool {
		s := r.Stats()
		return s.Frames == uint64(len(peers)) && s.Resets == uint64(fit+places)
	})
	require.Zero(t, r.Stats().Spans)
	for i := range peers {
		out <- struct{}{}
		if i < len(peers)-fit {
			<-in
		}
	}
	for _, p := range peers {
		p.stored(1)
	}
	require.EqualValues(t, fit, most.Load())
}

func decode(t *testing.T, frame []byte) *wirepdata.Decoder {
	d := wirepdata.NewDecoder()
	_, err := d.Decode(frame)
	require.NoError(t, err)
	return d
}

// TestAFrameAboveTheBoundIsStoredAlone.
func TestAFrameAboveTheBoundIsStoredAlone(t *testing.T) {
	p := serve(t, &memory{}, Options{MaxBytes: 1}).begin(t, a, 0)
	e := newEncoder(t)
	p.send(e.spans("a"), e.spans("b"))
	p.stored(1, 2)
}

func TestStreamsThatHoldMuchEndBeyondTheBound(t *testing.T) {
	first := newEncoder(t).large(50_000)
	one := decode(t, first)
	r := serve(t, &memory{}, Options{MaxState: int64(one.StateSize()) * 3 / 2})
	large := r.begin(t, a, 0)
	large.send(first)
	large.stored(1)
	small, e := r.begin(t, b, 0), newEncoder(t)
	small.send(e.spans("a"))
	small.stored(1)
	for i := range 10 {
		p := r.begin(t, nth(i+20), 0)
		p.send(newEncoder(t).large(50_000))
		p.stored(1)
		p.ended(codes.ResourceExhausted)
		eventually(t, "what it held is free", func() bool { return r.Stats().State <= r.options.MaxState })
		require.EqualValues(t, i+1, r.Stats().Overloaded)
	}
	small.send(e.spans("b"))
	small.stored(2)
	r.begin(t, nth(29), 1)
}

// TestStreamsThatHoldLittleGoOnBeyondTheBound.
func TestStreamsThatHoldLittleGoOnBeyondTheBound(t *testing.T) {
	e := newEncoder(t)
	first, second := newEncoder(t).large(50_000), e.spans("a")
	bound := decode(t, first).StateSize() + decode(t, second).StateSize()/2
	r := serve(t, &memory{}, Options{MaxState: int64(bound)})
	large, small := r.begin(t, a, 0), r.begin(t, b, 0)
	large.send(first)
	large.stored(1)
	small.send(second, e.spans("b"))
	small.stored(1, 2)
	require.Greater(t, r.Stats().State, int64(bound))
}

// slow is a connection that, once held, lets as many bytes go as it is allowed.
type slow struct {
	net.Conn
	held    atomic.Bool
	allowed chan int // closed: all
	free    func()
	rest    int
}

func (s *slow) Write(b []byte) (int, error) {
	for at := range b {
		if s.held.Load() && !s.wait() {
			s.held.Store(false)
		}
		if !s.held.Load() {
			n, err := s.Conn.Write(b[at:])
			return at + n, err
		}
		if _, err := s.Conn.Write(b[at : at+1]); err != nil {
			return at, err
		}
	}
	return len(b), nil
}

func (s *slow) wait() bool {
	if s.rest == 0 {
		s.rest = <-s.allowed
	}
	s.rest--
	return s.rest >= 0
}

func dialSlowly(t *testing.T) (*slow, grpc.DialOption) {
	s := &slow{allowed: make(chan int)}
	s.free = sync.OnceFunc(func() { close(s.allowed) })
	t.Cleanup(s.free)
	return s, grpc.WithContextDialer(func(ctx context.Context, address string) (c net.Conn, err error) {
		s.Conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
		return s, err
	})
}

// TestPeersThatStallOrDribbleHoldUpNobody, though they are as many as frames may
// be decoded at once, and more.
func TestPeersThatStallOrDribbleHoldUpNobody(t *testing.T) {
	sink := &memory{}
	r := serve(t, sink, Options{})
	frame := newEncoder(t).large(20_000)
	slows := make([]*slow, 4*runtime.GOMAXPROCS(0))
	peers := make([]*peer, len(slows))
	for i := range slows {
		conn, option := dialSlowly(t)
		slows[i], peers[i] = conn, r.begin(t, nth(i), 0, option)
		conn.held.Store(true)
		peers[i].send(frame)
		conn.allowed <- 2_000
	}
	good, e := r.begin(t, "f"+a[1:], 0), newEncoder(t)
	for n := range uint64(50) {
		good.send(e.spans("good"))
		good.stored(n + 1)
		slows[0].allowed <- 1
	}
	require.Len(t, sink.names(), 50)
	for _, s := range slows {
		s.free()
	}
	for _, p := range peers {
		p.stored(1)
	}
}

// BenchmarkIdleStreams tells what a stream holds that has sent a frame and then
// let go of its model, its connection's two ends and the client's goroutines among it.
func BenchmarkIdleStreams(b *testing.B) {
	r := serve(b, &memory{}, Options{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	const n = 2000
	for i := range n {
		p := r.begin(b, nth(i), 0)
		p.send(newEncoder(b).spans("a"), emptyFrame(2))
		p.stored(1, 2)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse)/n, "B/stream")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/n, "goroutines/stream")
	b.ReportMetric(float64(r.Stats().State)/n, "state-B/stream")
}

// BenchmarkFrames takes in one sender's frames of 2,048 spans, one after the other.
func BenchmarkFrames(b *testing.B) {
	const n = 2048
	r := serve(b, &bounded{}, Options{})
	p, e := r.begin(b, a, 0), newEncoder(b)
	frames := make([][]byte, b.N)
	for i := range frames {
		names := make([]string, n)
		for j := range names {
			names[j] = fmt.Sprint("operation ", (i+j)%100)
		}
		frames[i] = e.spans(names...)
	}
	b.ResetTimer()
	for i, f := range frames {
		p.send(f)
		p.stored(uint64(i + 1))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/span")
}
