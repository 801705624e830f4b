package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// batch is a Source of spans as they are.
type batch []SourceSpan

func (b batch) Len() int { return len(b) }

func (b batch) Place(i int) ([16]byte, uint64, uint64) { return b[i].TraceID, b[i].Start, b[i].End }

func (b batch) Span(i int, into *SourceSpan) { *into = b[i] }

func (b batch) Scope(i int, into *SourceScope) {
	into.Fields[ScopeName] = StringValue(fmt.Sprint("scope ", i))
	into.Attributes = into.Attributes[:0]
	into.ResourceAttributes = append(into.ResourceAttributes[:0], Attribute{"service.name", StringValue("shop")})
}

// spansOf makes so many spans in traces of four.
func spansOf(n int) (b batch) {
	for i := range n {
		s := SourceSpan{Start: uint64(i) * 1000, End: uint64(i)*1000 + 777, Scope: i % 2}
		s.TraceID[0], s.SpanID[0], s.SpanID[1] = byte(i/4), byte(i), 1
		if i%4 > 0 {
			s.ParentID = [8]byte{byte(i - 1), 1}
		}
		s.Fields[SpanName] = StringValue([]string{"GET /", "query"}[i%2])
		s.Attributes = []Attribute{
			{"http.url", StringValue(fmt.Sprintf("http://shop/item/%d", i))},
			{"list", Value{Kind: List, Text: string(AppendNested(nil, List, "", IntValue(int64(i))))}},
			{"status", IntValue(200)},
		}
		if i%3 == 0 {
			p := s.AddPart(ClassEvent)
			p.Time = s.Start + 5
			p.Attributes = []Attribute{{"message", StringValue("sent")}}
			s.AddPart(ClassLink).TraceID[3] = 7
		}
		b = append(b, s)
	}
	return b
}

// counted is a sink that adds up what the limits bound.
type counted struct {
	spans int
	size  uint64
}

func (c *counted) Span(s *Span) {
	c.spans++
	c.record(&s.Record)
	for i := range s.Parts {
		c.record(&s.Parts[i])
	}
}

func (c *counted) Interval(callgraph.Interval) {}

func (c *counted) record(r *Record) {
	next := 0
	for i := range r.Template.Len() {
		v := r.Template.Value(i)
		if next < len(r.Template.Variable()) && int(r.Template.Variable()[next]) == i {
			v = r.Open[next]
			next++
		}
		c.size += uint64(len(v.Text))
	}
}

func encodeAll(t testing.TB, batches ...batch) [][]byte {
	return encodeWith(t, NewEncoder(), batches...)
}

func encodeWith(t testing.TB, e *Encoder, batches ...batch) (frames [][]byte) {
	for _, b := range batches {
		encoded, err := e.Encode(b)
		require.NoError(t, err)
		for _, f := range encoded {
			frames = append(frames, f.Bytes)
		}
	}
	return frames
}

func codeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// seal gives a changed frame the checksum it needs.
func seal(frame []byte) []byte {
	body := frame[:len(frame)-checksumSize]
	return binary.LittleEndian.AppendUint32(body[:len(body):len(body)], crc32.Checksum(body, castagnoli))
}

func TestFramesOutOfOrderAreRefused(t *testing.T) {
	frames := encodeAll(t, spansOf(8), spansOf(9), spansOf(10))
	cases := map[string][]int{"begins late": {1}, "gap": {0, 2}, "repeated": {0, 0}, "reordered": {0, 1, 0}}
	for name, order := range cases {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder()
			for _, i := range order[:len(order)-1] {
				require.NoError(t, d.Decode(frames[i], &counted{}))
			}
			require.Equal(t, CodeSequence, codeOf(d.Decode(frames[order[len(order)-1]], &counted{})))
			require.Equal(t, CodeSequence, codeOf(d.Decode(frames[0], &counted{})), "an error is final")
		})
	}
}

func TestDamagedFramesAreRefused(t *testing.T) {
	frame := encodeAll(t, spansOf(20))[0]
	for i := range frame {
		require.Error(t, NewDecoder().Decode(frame[:i], &counted{}), "cut to %d", i)
		for bit := range 8 {
			flipped := append([]byte(nil), frame...)
			flipped[i] ^= 1 << bit
			require.Error(t, NewDecoder().Decode(flipped, &counted{}), "bit %d of byte %d", bit, i)
		}
	}
	other := append([]byte(nil), frame...)
	other[0] = 2
	require.Equal(t, CodeVersion, codeOf(NewDecoder().Decode(seal(other), &counted{})))
	require.Equal(t, CodeLimit, codeOf(NewDecoder().Decode(make([]byte, MaxFrame+1), &counted{})))
}

// TestBombIsRefused: a frame of a few bytes a span names a large constant again
// and again.
func TestBombIsRefused(t *testing.T) {
	spans := spansOf(1)
	spans[0].Attributes = []Attribute{{"a", StringValue(strings.Repeat("x", (1 << 16)))}}
	for range 2 * MaxDecoded / (1 << 16) {
		spans = append(spans, spans[0])
	}
	e := NewEncoder()
	e.m.beginEncoding()
	e.source = spans
	e.sort()
	var g group
	for i := range e.order {
		e.source.Span(int(e.order[i].at), &e.span)
		e.of, _ = e.scopeOf(0)
		if i == 0 {
			e.m.flag(&e.m.moreGroups, true)
			e.m.beginGroup(&g, e.span.TraceID)
		} else {
			e.m.flag(&g.last.more, true)
		}
		e.m.decoded = 0 // as a bad encoder does
		e.encodeSpan(&g)
	}
	e.m.flag(&g.last.more, false)
	e.m.flag(&e.m.moreGroups, false)
	e.m.endEncoding()
	f := Frame{Spans: make([]int, len(spans))}
	e.close(&f, kindSpans)
	require.Less(t, len(f.Bytes), 1<<16)

	c := counted{}
	require.Equal(t, CodeLimit, codeOf(NewDecoder().Decode(f.Bytes, &c)))
	require.LessOrEqual(t, c.size, uint64(MaxDecoded))
}

// FuzzDecode decodes what follows two good frames: it must end, not panic, and
// not make more than a frame may.
func FuzzDecode(f *testing.F) {
	e := NewEncoder()
	frames := encodeWith(f, e, spansOf(40), spansOf(30))
	counts, err := e.EncodeInterval(callgraph.Interval{Instance: "a", Number: 1, Cells: []callgraph.Cell{
		{CellKey: callgraph.CellKey{Edge: callgraph.Edge{Caller: callgraph.Operation{Name: "GET /"}}}, Client: callgraph.Sketch{Bins: []callgraph.Bin{{Index: -3, Count: 2}}}},
	}})
	require.NoError(f, err)
	frames = append(append(frames, counts.Bytes), encodeWith(f, e, spansOf(20))...)
	for i, frame := range frames {
		f.Add(frame, true, uint8(i))
	}
	f.Add([]byte("no frame"), false, uint8(0))
	f.Fuzz(func(t *testing.T, frame []byte, fix bool, after uint8) {
		d := NewDecoder()
		for _, good := range frames[:int(after)%len(frames)] {
			require.NoError(t, d.Decode(good, &counted{}))
		}
		if fix && len(frame) >= checksumSize {
			frame = seal(frame)
		}
		var c counted
		var before, done runtime.MemStats
		runtime.ReadMemStats(&before)
		err := d.Decode(frame, &c)
		runtime.ReadMemStats(&done)
		require.LessOrEqual(t, c.size, uint64(MaxDecoded))
		require.LessOrEqual(t, done.TotalAlloc-before.TotalAlloc, uint64(4*MaxDecoded))
		if err != nil {
			require.NotZero(t, codeOf(err))
		}
	})
}
