package chunk

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// tagged is a span by its numeric tags, the value of each tag being "v", and
// the octave of its duration.
type tagged struct {
	tags   []int
	octave uint8
}

func (s tagged) hasAll(tags []int) bool {
	return !slices.ContainsFunc(tags, func(t int) bool { return !slices.Contains(s.tags, t) })
}

func indexOf(t require.TestingT, spans []tagged) *segment.Index {
	td := ptrace.NewTraces()
	all := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, x := range spans {
		s := all.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{8: byte(i << 4), 9: byte(i), 15: 1})
		s.SetSpanID(pcommon.SpanID{1, 7: byte(i)})
		s.SetEndTimestamp(1 << x.octave >> 1)
		for _, tag := range x.tags {
			s.Attributes().PutStr(fmt.Sprint(tag), "v")
		}
	}
	e, err := segment.NewEncoder()
	require.NoError(t, err)
	request, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	require.NoError(t, err)
	require.NoError(t, e.Add(request))
	return e.Index()
}

func term(tag int) segment.Term { return segment.AttributeTerm(fmt.Sprint(tag), "v") }

// find asks as a search does: rare terms by their lists, common ones by class.
// exact says that no list of a rare term was needed.
func find(t require.TestingT, d *Decoder, tables *Tables, tags []int, octaves uint64) (found []uint32, exact bool) {
	var common []segment.Term
	var rare [][]uint32
	for _, tag := range tags {
		hash := uint32(term(tag))
		list, ok, err := Lookup(tables.Terms[Shard(hash)], hash)
		require.NoError(t, err)
		switch {
		case !ok:
			return nil, true
		case len(list) == 0:
			common = append(common, term(tag))
		default:
			rare = append(rare, list)
		}
	}
	found, err := d.Segments(tables.Classes, common, octaves)
	require.NoError(t, err)
	for _, list := range rare {
		found = slices.DeleteFunc(found, func(n uint32) bool { return !slices.Contains(list, n) })
	}
	return found, len(rare) == 0
}

// TestSegmentsAreThoseWithAMatch compares with a scan: never a segment too
// few, and for common terms none too many; durations are known by class only.
func TestSegmentsAreThoseWithAMatch(t *testing.T) {
	d, err := NewDecoder(1)
	require.NoError(t, err)
	rapid.Check(t, func(r *rapid.T) {
		var spans [][]tagged
		var indexes []*segment.Index
		for range rapid.IntRange(1, 40).Draw(r, "segments") {
			s := rapid.SliceOfN(rapid.Custom(drawTagged), 1, 12).Draw(r, "spans")
			spans, indexes = append(spans, s), append(indexes, indexOf(r, s))
		}
		tables, err := Build(indexes)
		require.NoError(r, err)
		for range 20 {
			tags := rapid.SliceOfNDistinct(rapid.IntRange(0, 8), 0, 3, rapid.ID).Draw(r, "tags")
			octaves := rapid.SampledFrom([]uint64{^uint64(0), 1 << 3, 3 << 5}).Draw(r, "octaves")
			var want []uint32
			for n, list := range spans {
				if slices.ContainsFunc(list, func(s tagged) bool { return s.hasAll(tags) && octaves>>s.octave&1 != 0 }) {
					want = append(want, uint32(n))
				}
			}
			found, exact := find(r, d, tables, tags, octaves)
			if exact && octaves == ^uint64(0) {
				require.Equal(r, want, found, "%v", tags)
			}
			for _, n := range want {
				require.Contains(r, found, n, "%v", tags)
			}
		}
	})
}

// drawTagged makes low tags frequent and high ones rare.
func drawTagged(r *rapid.T) tagged {
	s := tagged{octave: uint8(rapid.IntRange(0, 8).Draw(r, "octave"))}
	for tag := range 8 {
		if rapid.IntRange(0, tag).Draw(r, "has") == 0 {
			s.tags = append(s.tags, tag)
		}
	}
	return s
}

// TestCommonTagsThatNeverMeet is what classes are for: every segment has both
// tags, no span has, and no segment need be read.
func TestCommonTagsThatNeverMeet(t *testing.T) {
	var indexes []*segment.Index
	for range 100 {
		indexes = append(indexes, indexOf(t, []tagged{{tags: []int{1}}, {tags: []int{2}}}))
	}
	tables, err := Build(indexes)
	require.NoError(t, err)
	d, err := NewDecoder(1)
	require.NoError(t, err)
	found, exact := find(t, d, tables, []int{1, 2}, ^uint64(0))
	require.True(t, exact)
	require.Empty(t, found)
	found, _ = find(t, d, tables, []int{1}, ^uint64(0))
	require.Len(t, found, 100)
}

// TestClassesAreBounded has spans with tags that are all common and independent:
// each span would be a class of its own.
func TestClassesAreBounded(t *testing.T) {
	var indexes []*segment.Index
	for n := range 64 {
		var spans []tagged
		for i := range 64 {
			var s tagged
			for bit := range 16 {
				if (n*64+i)*40503>>bit&1 != 0 {
					s.tags = append(s.tags, bit)
				}
			}
			spans = append(spans, s)
		}
		indexes = append(indexes, indexOf(t, spans))
	}
	tables, err := Build(indexes)
	require.NoError(t, err)
	require.Less(t, len(tables.Classes), 64*64*2)
	d, err := NewDecoder(1)
	require.NoError(t, err)
	found, _ := find(t, d, tables, []int{3, 5, 7}, ^uint64(0))
	require.NotEmpty(t, found)
}

func TestTraces(t *testing.T) {
	x := indexOf(t, make([]tagged, 100))
	tables, err := Build([]*segment.Index{x, indexOf(t, make([]tagged, 3))})
	require.NoError(t, err)
	for i, id := range x.Traces {
		segments, found, err := Lookup(tables.Traces[Shard(id)], id)
		require.NoError(t, err)
		require.True(t, found)
		require.Contains(t, segments, uint32(0), "%d", i)
	}
	_, found, err := Lookup(tables.Traces[15], 0xffffffff)
	require.NoError(t, err)
	require.False(t, found)
}

func TestDirectory(t *testing.T) {
	want := &Directory{
		Low: 7, FirstArrival: -5, LastArrival: 1 << 60, Bytes: 9, Spans: 3,
		Segments: []Entry{{Number: 5, Oldest: -1 << 63, Newest: 1<<63 - 1, Spans: 2}, {Number: 3, Oldest: 4, Newest: 4, Spans: 1}},
	}
	got, err := ReadDirectory(want.Append(nil))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func FuzzRead(f *testing.F) {
	x := indexOf(f, []tagged{{tags: []int{1, 2}}, {tags: []int{3}}})
	tables, err := Build(slices.Repeat([]*segment.Index{x}, 20))
	require.NoError(f, err)
	f.Add(tables.Classes)
	f.Add(tables.Terms[Shard(uint32(term(1)))])
	f.Add((&Directory{Segments: []Entry{{Number: 1}}}).Append(nil))
	d, err := NewDecoder(1)
	require.NoError(f, err)
	f.Fuzz(func(_ *testing.T, value []byte) {
		_, _, _ = Lookup(value, uint32(term(1)))
		_, _ = ReadDirectory(value)
		_, _ = d.Segments(value, []segment.Term{term(1)}, ^uint64(0))
		q := classQuery{reader: reader{b: value}, octaves: 1}
		q.run([]segment.Term{term(1)})
	})
}
