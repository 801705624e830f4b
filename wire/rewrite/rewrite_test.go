package rewrite_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/wire"
	"github.com/jcallgraph/jcallgraph/wire/rewrite"
)

const millis = 1_734_093_473_340

// span is one of a batch.
type span struct {
	trace      [16]byte
	id, parent [8]byte
	millis     uint64
	links      [][16]byte
}

// batch is a source of them.
type batch []span

func (b batch) Len() int { return len(b) }

func (b batch) Place(i int) (traceID [16]byte, start, end uint64) {
	return b[i].trace, b[i].millis * 1e6, b[i].millis * 1e6
}

func (b batch) Span(i int, into *wire.SourceSpan) {
	*into = wire.SourceSpan{
		TraceID: b[i].trace, SpanID: b[i].id, ParentID: b[i].parent, Start: b[i].millis * 1e6,
		Attributes: []wire.Attribute{{Key: "a", Value: wire.IntValue(1)}}, Parts: into.Parts[:0],
	}
	into.AddPart(wire.ClassEvent)
	for _, id := range b[i].links {
		into.AddPart(wire.ClassLink).TraceID = id
	}
}

func (b batch) Scope(int, *wire.SourceScope) {}

// foreign is a trace ID that no SDK of ours made.
func foreign(n uint32) (id [16]byte) {
	binary.BigEndian.PutUint32(id[:], 0xf0e1d2c3)
	binary.BigEndian.PutUint32(id[8:], n)
	return id
}

func spanID(n byte) [8]byte { return [8]byte{7: n} }

// read is what an encoder reads of a batch.
func read(s wire.Source) []wire.SourceSpan {
	out := make([]wire.SourceSpan, s.Len())
	for i := range out {
		s.Span(i, &out[i])
	}
	return out
}

func TestForeignIDsAreBornShortAndKeepTheirShortID(t *testing.T) {
	a := foreign(0xcafe)
	s := rewrite.NewTable(0).Source(batch{{trace: a, id: spanID(1), millis: millis}, {trace: a, id: spanID(2), millis: millis + 5}})
	want := callgraph.BornShort(millis, 0xcafe)
	for i, got := range read(s) {
		id, start, end := s.Place(i)
		require.Equal(t, want, id)
		require.Equal(t, start, end)
		require.Equal(t, want, got.TraceID)
	}
}

func TestIDsThatStay(t *testing.T) {
	born := callgraph.BornShort(millis, 1)
	table := rewrite.NewTable(0)
	b := batch{{trace: born, id: spanID(1), links: [][16]byte{born, {}}}, {trace: [16]byte{}, id: spanID(2)}}
	s := table.Source(b)
	for i, got := range read(s) {
		id, _, _ := s.Place(i)
		require.Equal(t, b[i].trace, id)
		require.Equal(t, b[i].trace, got.TraceID)
		require.Len(t, got.Attributes, 1)
	}
	require.Equal(t, born, read(s)[0].Parts[1].TraceID)
	require.Zero(t, read(s)[0].Parts[2].TraceID)
	require.Zero(t, table.Stats())
}

func TestLinksFollow(t *testing.T) {
	a, b := foreign(1), foreign(2)
	table := rewrite.NewTable(0)
	linking := table.Source(batch{{trace: a, id: spanID(1), millis: millis, links: [][16]byte{b, a}}})
	parts := read(linking)[0].Parts
	require.Equal(t, callgraph.BornShort(millis, 2), parts[1].TraceID, "not seen before")
	require.Equal(t, callgraph.BornShort(millis, 1), parts[2].TraceID)
	linked := table.Source(batch{{trace: b, id: spanID(2), parent: spanID(1), millis: millis + 1000}})
	require.Equal(t, parts[1].TraceID, read(linked)[0].TraceID)
}

func TestCollisionsGetAnotherID(t *testing.T) {
	table := rewrite.NewTable(0)
	a, b := foreign(1), foreign(1)
	b[15] = 1
	got := read(table.Source(batch{{trace: a, millis: millis}, {trace: b, millis: millis}, {trace: a, millis: millis}}))
	require.Equal(t, callgraph.BornShort(millis, 1), got[0].TraceID)
	require.NotEqual(t, got[0].TraceID, got[1].TraceID)
	require.True(t, callgraph.IsBornShort(got[1].TraceID))
	require.Equal(t, got[0].TraceID, got[2].TraceID)
	require.Equal(t, rewrite.Stats{Rewritten: 2, Collisions: 1, Known: 2}, table.Stats())
}

// TestTheTraceSeenLongestAgoIsForgotten, but not by sources that have it already.
func TestTheTraceSeenLongestAgoIsForgotten(t *testing.T) {
	table := rewrite.NewTable(2)
	at := func(n uint32, ms uint64) batch {
		return batch{{trace: foreign(n), id: spanID(1), millis: ms, links: [][16]byte{foreign(n)}}}
	}
	one := table.Source(at(1, millis))
	before := read(one)
	read(table.Source(at(2, millis)))
	require.Equal(t, before[0].TraceID, read(table.Source(at(1, millis+1)))[0].TraceID, "known, and seen again")
	read(table.Source(at(3, millis))) // forgets 2
	require.Equal(t, before[0].TraceID, read(table.Source(at(1, millis+2)))[0].TraceID)
	require.Equal(t, callgraph.BornShort(millis+9, 2), read(table.Source(at(2, millis+9)))[0].TraceID, "forgotten")
	read(table.Source(at(4, millis)))
	require.Equal(t, before, read(one))
	require.Equal(t, rewrite.Stats{Rewritten: 5, Forgotten: 3, Known: 2}, table.Stats())
}

func TestForgottenIDsAreFreeAgain(t *testing.T) {
	table := rewrite.NewTable(1)
	for _, n := range []uint32{1, 2, 1} {
		id := read(table.Source(batch{{trace: foreign(n), millis: millis}}))[0].TraceID
		require.Equal(t, callgraph.BornShort(millis, callgraph.ShortID(n)), id)
	}
	require.Equal(t, rewrite.Stats{Rewritten: 3, Forgotten: 2, Known: 1}, table.Stats())
}

// TestDifferentTracesStayDifferent whatever comes, and the table keeps its bound.
func TestDifferentTracesStayDifferent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const bound = 8
		table := rewrite.NewTable(bound)
		for range rapid.IntRange(1, 20).Draw(t, "batches") {
			ids := rapid.SliceOfN(rapid.Uint32Range(0, 5), 1, bound/2).Draw(t, "traces")
			b := batch{}
			for _, n := range ids {
				id := foreign(n % 2) // many have the same short ID
				id[15] = byte(n)
				b = append(b, span{trace: id, id: spanID(byte(n)), millis: millis})
			}
			foreignOf := map[[16]byte][16]byte{}
			for i, s := range read(table.Source(b)) {
				require.True(t, callgraph.IsBornShort(s.TraceID))
				if was, ok := foreignOf[s.TraceID]; ok {
					require.Equal(t, was, b[i].trace)
				}
				foreignOf[s.TraceID] = b[i].trace
			}
			require.LessOrEqual(t, table.Stats().Known, bound)
		}
	})
}

func TestSourcesOfOneTableAreReadConcurrently(t *testing.T) {
	table := rewrite.NewTable(4)
	ids := make([][]wire.SourceSpan, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			ids[i] = read(table.Source(batch{{trace: foreign(1), id: spanID(1), millis: millis}, {trace: foreign(2), id: spanID(1), millis: millis, links: [][16]byte{foreign(3)}}}))
		})
	}
	wg.Wait()
	for _, got := range ids {
		require.Equal(t, ids[0], got)
	}
}
