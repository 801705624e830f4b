package wirebench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/internal/spanset"
)

// measured is what one codec needs for a span.
type measured struct {
	bytes                float64
	encode, decode       float64 // CPU ns
	encodeNew, decodeNew float64 // allocations
	state                float64 // KiB of both ends of all streams
	differing            int
}

func (m measured) print(p *figure.Printer, prefix string) {
	p.Print(prefix+"bytes_per_span", m.bytes, "B")
	p.Print(prefix+"encode_ns", m.encode, "ns")
	p.Print(prefix+"decode_ns", m.decode, "ns")
	p.Print(prefix+"encode_allocs", m.encodeNew, "allocs")
	p.Print(prefix+"decode_allocs", m.decodeNew, "allocs")
	p.Print(prefix+"state_kib", m.state, "KiB")
	p.Print(prefix+"differing_spans", float64(m.differing), "spans")
}

// measure runs a codec so often, each time on fresh streams: what was seen
// before would flatter it. The least of each cost counts.
func measure(open func() (Encoder, Decoder, error), streams []stream, runs int) (m measured, err error) {
	for i := range runs {
		one, err := measureOnce(open, streams, i == 0)
		if err != nil {
			return m, err
		}
		if i == 0 {
			m = one
			continue
		}
		m.encode, m.decode = min(m.encode, one.encode), min(m.decode, one.decode)
	}
	return m, nil
}

// ends are a stream's two, and what is under way between them.
type ends struct {
	batches  stream
	encode   Encoder
	decode   Decoder
	messages [][][]byte // of each batch
}

func measureOnce(open func() (Encoder, Decoder, error), streams []stream, verify bool) (m measured, err error) {
	before := heap()
	all := make([]*ends, len(streams))
	spans, size := 0, 0
	for i := range streams {
		all[i] = &ends{batches: streams[i]}
		if all[i].encode, all[i].decode, err = open(); err != nil {
			return m, err
		}
		for _, td := range streams[i] {
			spans += td.SpanCount()
		}
	}
	encode, err := costOf(all, (*ends).encodeAll)
	if err != nil {
		return m, err
	}
	decode, err := costOf(all, (*ends).decodeAll)
	if err != nil {
		return m, err
	}
	for _, e := range all {
		size += e.size()
		e.messages = nil
	}
	m = measured{
		bytes: float64(size) / float64(spans), encode: encode.per(spans), decode: decode.per(spans),
		encodeNew: encode.allocsPer(spans), decodeNew: decode.allocsPer(spans), state: float64(max(heap()-before, 0)) / 1024,
	}
	runtime.KeepAlive(all)
	if verify {
		m.differing, err = compare(open, streams)
	}
	return m, err
}

func (e *ends) encodeAll() error {
	for _, td := range e.batches {
		messages, err := e.encode(td)
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		e.messages = append(e.messages, messages)
	}
	return nil
}

func (e *ends) size() (n int) {
	for _, messages := range e.messages {
		for _, message := range messages {
			n += len(message)
		}
	}
	return n
}

func (e *ends) decodeAll() error {
	for _, messages := range e.messages {
		for _, message := range messages {
			if _, err := e.decode(message); err != nil {
				return fmt.Errorf("decode: %w", err)
			}
		}
	}
	return nil
}

// compare counts the spans that are not what was sent.
func compare(open func() (Encoder, Decoder, error), streams []stream) (differing int, err error) {
	for _, s := range streams {
		encode, decode, err := open()
		if err != nil {
			return 0, err
		}
		for _, td := range s {
			messages, err := encode(td)
			if err != nil {
				return 0, fmt.Errorf("encode: %w", err)
			}
			got := spanset.Set{}
			for _, message := range messages {
				back, err := decode(bytes.Clone(message))
				if err != nil {
					return 0, fmt.Errorf("decode: %w", err)
				}
				got.Add(back)
			}
			differing += spanset.Of(td).Differing(got)
		}
	}
	return differing, nil
}

// cost is processor time of all threads. The garbage collector rests meanwhile:
// what it costs depends on the heap around, which here is the recording; the
// allocations say how much work it gets.
type cost struct {
	cpu    time.Duration
	allocs uint64
}

func (c cost) per(spans int) float64       { return float64(c.cpu) / float64(spans) }
func (c cost) allocsPer(spans int) float64 { return float64(c.allocs) / float64(spans) }

func costOf(all []*ends, do func(*ends) error) (c cost, err error) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpu()
	for i := 0; i < len(all) && err == nil; i++ {
		err = do(all[i])
	}
	c.cpu = cpu() - start
	runtime.ReadMemStats(&after)
	c.allocs = after.Mallocs - before.Mallocs
	return c, err
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it can't fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("make a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("make a profile: %w", err)
	}
	return func() { pprof.StopCPUProfile(); f.Close() }, nil
}
