package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

func persistenceCases() []contractCase {
	return []contractCase{
		{"reopened/spans", reopenedSpans},
		{"reopened/names", reopenedNames},
		{"reopened/cells", reopenedCells},
		{"reopened/checkpoints and writer ID", reopenedCheckpoints},
		{"reopened/arrivals go on", reopenedArrivals},
		{"reopened/repeated requests", reopenedRepeats},
		{"reopened/intervals", reopenedIntervals},
		{"reopened/keys", reopenedKeys},
		{"reopened/evidence", reopenedEvidence},
		{"reopened/what was erased", reopenedErasure},
	}
}

func reopenedSpans(t *testing.T, s *subject) {
	from := s.base
	for round := range 3 {
		for i := 1; i <= 10; i++ {
			write(t, s, traces(from, span{trace: i, id: round*10 + i, at: time.Duration(i), service: "web", name: "op", attributes: map[string]any{"round": int64(round)}}))
		}
		s.restart(t)
	}
	for i := 1; i <= 10; i++ {
		require.Equal(t, 3, readTrace(t, s, i).SpanCount())
		require.Len(t, byShortID(t, s, callgraph.ShortIDOf(traceID(i)), around(from, time.Hour)), 1)
	}
	want := []int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	require.Equal(t, want, searchNumbers(t, s, 10, storage.Query{Attributes: map[string]string{"round": "1"}, Limit: 20}))
}

func reopenedNames(t *testing.T, s *subject) {
	write(t, s, traces(s.base, span{trace: 1, id: 1, service: "web", name: "op", kind: ptrace.SpanKindServer}))
	s.restart(t)
	services, err := s.Services(t.Context())
	require.NoError(t, err)
	require.Equal(t, []callgraph.Service{{Name: "web"}}, services)
	requireOperations(t, s, callgraph.Service{Name: "web"}, []storage.OperationName{{Name: "op", Kind: ptrace.SpanKindServer}})
}

func reopenedCells(t *testing.T, s *subject) {
	at := s.base
	writeCells(t, s, cell(1, at, 5), cell(2, at, 1))
	_, cursor := changes(t, s, "")
	s.restart(t)
	writeCells(t, s, cell(1, at, 4), cell(2, at, 2))
	want := []callgraph.Cell{cell(1, at, 5), cell(2, at, 2)}
	requireCells(t, want, readCells(t, s, everywhen()))
	found, _ := changes(t, s, cursor)
	requireChanged(t, found, cell(2, at, 2))
}

func reopenedCheckpoints(t *testing.T, s *subject) {
	id, at, w := s.WriterID(), s.base, callgraph.Writer{ID: 9, Source: callgraph.Counted}
	require.NoError(t, s.SaveCheckpoint(t.Context(), w, at))
	s.restart(t)
	require.Equal(t, id, s.WriterID())
	require.True(t, at.Equal(checkpoint(t, s, w)))
}

func reopenedArrivals(t *testing.T, s *subject) {
	write(t, s, traces(s.base, span{trace: 1, id: 1}))
	first := arrived(t, s, time.Time{})
	s.restart(t)
	write(t, s, traces(s.base, span{trace: 2, id: 1}))
	all := arrived(t, s, time.Time{})
	require.Len(t, all, 2)
	require.True(t, first[0].at.Equal(all[0].at), "the arrival that was stored")
	require.False(t, all[1].at.Before(all[0].at))
	requireSame(t, readTrace(t, s, 2), all[1].td)
}

func reopenedKeys(t *testing.T, s *subject) {
	payment := chainKey("payment", "p1")
	s.sight(t, s.sighted(order, 1, 5), s.sighted(order, 2, 7))
	s.restart(t)
	s.sight(t, s.sighted(order, 1, 6), s.sighted(payment, 1, 6), s.sighted(order, 2, 4))
	for range 2 {
		require.Equal(t, []callgraph.Sighting{s.sighted(order, 2, 4), s.sighted(order, 1, 5)}, s.sightings(t, order))
		require.Equal(t, []callgraph.ChainKey{order, payment}, s.keysOf(t, 1))
		require.Equal(t, []callgraph.ChainKey{payment}, s.linked(t, order, 10))
		require.Equal(t, []callgraph.ChainKey{order}, s.find(t, order.Value, 10))
		s.restart(t)
	}
}

func reopenedEvidence(t *testing.T, s *subject) {
	require.NoError(t, s.WriteEvidence(t.Context(), []strength.Record{s.evidenceOf(1, 1), s.evidenceOf(2, 2)}))
	s.restart(t)
	require.NoError(t, s.WriteEvidence(t.Context(), []strength.Record{s.evidenceOf(1, 3)}))
	s.restart(t)
	requireEvidence(t, []strength.Record{s.evidenceOf(1, 3), s.evidenceOf(2, 2)}, s.evidence(t, everyDay))
}

func reopenedErasure(t *testing.T, s *subject) {
	from := s.base
	write(t, s, traces(from, span{trace: 1, id: 1, name: "gone"}))
	write(t, s, traces(from, span{trace: 2, id: 1, name: "gone"}, span{trace: 2, id: 2, name: "stays"}))
	s.sight(t, s.sighted(order, 1, 1))
	s.eraseNamed(t, "gone", 2, 1, 2)
	require.NoError(t, s.EraseKey(t.Context(), order))
	for range 2 {
		s.restart(t)
		_, err := s.Trace(t.Context(), traceID(1))
		require.ErrorIs(t, err, storage.ErrNotFound)
		requireSame(t, traces(from, span{trace: 2, id: 2, name: "stays"}), readTrace(t, s, 2))
		require.Empty(t, s.sightings(t, order))
		write(t, s, traces(from, span{trace: 3, id: 1, name: "new"}))
		require.Equal(t, 1, readTrace(t, s, 3).SpanCount())
	}
}
