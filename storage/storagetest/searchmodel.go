package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// searchEqualsScan compares answers with those of a plain scan over the spans,
// for many random queries.
func searchEqualsScan(t *testing.T, s *subject) {
	r := rand.New(rand.NewPCG(1, 2))
	from := s.base
	var all []span
	for request := range 60 {
		batch := randomSpans(r, request)
		write(t, s, traces(from, batch...))
		all = append(all, batch...)
	}
	for range 300 {
		q := randomQuery(r, from)
		found := search(t, s, q)
		require.True(t, ordered(found), "%+v: %v", q, found)
		require.Equal(t, scan(all, from, q), found, "%+v", q)
	}
}

func randomSpans(r *rand.Rand, request int) []span {
	batch := make([]span, 1+r.IntN(40))
	for i := range batch {
		n := request*40 + i
		batch[i] = span{
			trace: 1 + n/4, id: n + 1,
			service:    fmt.Sprintf("s%d", r.IntN(3)),
			name:       fmt.Sprintf("op%d", r.IntN(4)),
			at:         time.Duration(r.IntN(60))*time.Second + time.Duration(n),
			lasts:      time.Duration(1) << r.IntN(40),
			failed:     r.IntN(5) == 0,
			attributes: map[string]any{"few": int64(r.IntN(3)), "many": fmt.Sprint(r.IntN(200))},
			resource:   map[string]any{"host": fmt.Sprint(r.IntN(4))},
		}
	}
	return batch
}

func randomQuery(r *rand.Rand, from time.Time) storage.Query {
	q := storage.Query{Limit: 1 + r.IntN(40), Attributes: map[string]string{}}
	some := func(put func()) {
		if r.IntN(3) == 0 {
			put()
		}
	}
	some(func() { q.Service.Name = fmt.Sprintf("s%d", r.IntN(4)) })
	some(func() { q.Operation = fmt.Sprintf("op%d", r.IntN(5)) })
	some(func() { q.Failed = true })
	some(func() { q.Attributes["few"] = fmt.Sprint(r.IntN(4)) })
	some(func() { q.Attributes["many"] = fmt.Sprint(r.IntN(201)) })
	some(func() { q.Attributes["host"] = fmt.Sprint(r.IntN(5)) })
	some(func() { q.MinDuration = time.Duration(r.Int64N(1 << r.IntN(40))) })
	some(func() { q.MaxDuration = time.Duration(r.Int64N(1<<40)) + 1 })
	some(func() {
		at := from.Add(time.Duration(r.IntN(60)) * time.Second)
		q.Window = callgraph.Window{From: at, To: at.Add(time.Duration(r.IntN(20)) * time.Second)}
	})
	return q
}

// scan is the answer that the contract asks for.
func scan(all []span, from time.Time, q storage.Query) []storage.Match {
	newest := map[pcommon.TraceID]time.Time{}
	for _, s := range all {
		start, id := from.Add(s.at), traceID(s.trace)
		if s.meets(q, start) && start.After(newest[id]) {
			newest[id] = start
		}
	}
	found := []storage.Match{}
	for id, start := range newest {
		found = append(found, storage.Match{TraceID: id, Start: start})
	}
	slices.SortFunc(found, func(a, b storage.Match) int { return b.Start.Compare(a.Start) })
	return found[:min(len(found), q.Limit)]
}

func (s span) meets(q storage.Query, start time.Time) bool {
	for k, v := range q.Attributes {
		if fmt.Sprint(s.attributes[k]) != v && fmt.Sprint(s.resource[k]) != v {
			return false
		}
	}
	return (q.Service.Name == "" || q.Service.Name == s.service) &&
		(q.Operation == "" || q.Operation == s.name) &&
		(!q.Failed || s.failed) &&
		s.lasts >= q.MinDuration && (q.MaxDuration == 0 || s.lasts <= q.MaxDuration) &&
		(q.Window == callgraph.Window{} || q.Window.Contains(start))
}
