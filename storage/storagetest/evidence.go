package storagetest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

func evidenceCases() []contractCase {
	return []contractCase{
		{"evidence/none", evidenceNone},
		{"evidence/every field", evidenceEveryField},
		{"evidence/every part of the key counts", evidenceKeys},
		{"evidence/the last written holds", evidenceLast},
		{"evidence/selected by day, site and writer", evidenceSelected},
		{"evidence/many", evidenceMany},
		{"evidence/stops at yield's error", evidenceStop},
		{"evidence/the request is not kept", evidenceNotKept},
		{"evidence/closed", evidenceClosed},
	}
}

// evidenceOf is a record of the nth site.
func (s *subject) evidenceOf(n int, failures uint64) strength.Record {
	var r strength.Record
	r.Site = strength.Site{
		Caller: callgraph.Operation{Service: callgraph.Service{Environment: "prod", Namespace: "shop", Name: "cart"}, Name: fmt.Sprintf("POST /%d", n)},
		Callee: strength.Callee{Peer: "stock", Operation: "reserve"},
	}
	r.Key = strength.Key{Day: strength.DayOf(s.base), Site: r.Site.ID(), Writer: 7}
	r.Evidence.Failed[strength.Timeout] = strength.Tally{Seen: failures, Went: 1}
	r.Evidence.Others = []strength.Other{{ID: 9, Together: 3, FailedAfter: [strength.Classes]uint64{1: 2}}}
	r.Evidence.Last = s.base
	return r
}

func (s *subject) evidence(t *testing.T, q storage.EvidenceQuery) (all []strength.Record) {
	t.Helper()
	require.NoError(t, s.Evidence(t.Context(), q, func(records []strength.Record) error {
		require.NotEmpty(t, records)
		all = append(all, records...)
		return nil
	}))
	return byKey(all)
}

func byKey(all []strength.Record) []strength.Record {
	slices.SortFunc(all, func(x, y strength.Record) int {
		return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.Key.Site, y.Key.Site), cmp.Compare(x.Writer, y.Writer), cmp.Compare(x.Source, y.Source))
	})
	return all
}

// requireEvidence compares what is written: an empty list and none are the same.
func requireEvidence(t *testing.T, want, got []strength.Record) {
	t.Helper()
	text := func(all []strength.Record) (lines []string) {
		for i := range byKey(all) {
			lines = append(lines, fmt.Sprintf("%x", all[i].Append(nil)))
		}
		return lines
	}
	require.Equal(t, text(want), text(got))
}

var everyDay = storage.EvidenceQuery{FromDay: math.MinInt64, ToDay: math.MaxInt64}

func evidenceNone(t *testing.T, s *subject) {
	require.Empty(t, s.evidence(t, everyDay))
	require.NoError(t, s.WriteEvidence(t.Context(), nil))
	require.Empty(t, s.evidence(t, everyDay))
}

func evidenceEveryField(t *testing.T, s *subject) {
	r := s.evidenceOf(1, 5)
	r.Source = strength.Injected
	r.Site.Callee.Connection = 1
	e := &r.Evidence
	e.OK = strength.Tally{Seen: 1, Went: 2, Survived: 3, WentAndFailed: 4, Beside: 5, BesideSurvived: 6}
	e.Prompted, e.PromptedFailed, e.PromptedAlike, e.Open, e.Others[0].PromptedAfter = e.OK, 7, 6, 11, 10
	e.Others[0].PromptedToo = 12
	e.ChainOK, e.Calls, e.LocalTraces, e.First = e.OK, 8, 9, s.base.Add(-time.Second)
	for i := range strength.Classes {
		e.Failed[i].Seen, e.ChainFailed[i].Survived = uint64(i+1), uint64(i+2)
	}
	for i := range strength.Reasons {
		e.Passed[i] = uint64(i + 1)
	}
	e.Callees = []strength.Named{{Operation: r.Site.Caller, Chains: 2}}
	e.Entrances = []strength.Entrance{{Operation: r.Site.Caller, Chains: 3, Failed: 2, RootFailed: 1}}
	e.Examples = []strength.Example{{TraceID: traceID(1), SpanID: [8]byte{1}, At: s.base, Class: strength.Soft, Went: true}}
	require.NoError(t, s.WriteEvidence(t.Context(), []strength.Record{r}))
	requireEvidence(t, []strength.Record{r}, s.evidence(t, everyDay))
}

func evidenceKeys(t *testing.T, s *subject) {
	all := []strength.Record{s.evidenceOf(1, 1), s.evidenceOf(2, 2), s.evidenceOf(1, 3), s.evidenceOf(1, 4), s.evidenceOf(1, 5)}
	all[2].Day--
	all[3].Writer = 8
	all[4].Source = strength.Injected
	require.NoError(t, s.WriteEvidence(t.Context(), all))
	requireEvidence(t, all, s.evidence(t, everyDay))
}

func evidenceLast(t *testing.T, s *subject) {
	for _, failures := range []uint64{3, 9, 1} {
		require.NoError(t, s.WriteEvidence(t.Context(), []strength.Record{s.evidenceOf(1, failures), s.evidenceOf(2, 2)}))
	}
	requireEvidence(t, []strength.Record{s.evidenceOf(1, 1), s.evidenceOf(2, 2)}, s.evidence(t, everyDay))
	require.NoError(t, s.WriteEvidence(t.Context(), []strength.Record{s.evidenceOf(1, 4), s.evidenceOf(1, 5)}))
	requireEvidence(t, []strength.Record{s.evidenceOf(1, 5), s.evidenceOf(2, 2)}, s.evidence(t, everyDay))
}

func evidenceSelected(t *testing.T, s *subject) {
	var all []strength.Record
	for i := range 12 {
		r := s.evidenceOf(i%3, uint64(i))
		r.Day += int64(-(i / 6))
		r.Writer = uint64(7 + i/3%2)
		all = append(all, r)
	}
	require.NoError(t, s.WriteEvidence(t.Context(), all))
	today, one := strength.DayOf(s.base), all[1].Key.Site
	for _, q := range []storage.EvidenceQuery{
		everyDay,
		{FromDay: today, ToDay: today},
		{FromDay: today - 1, ToDay: today - 1},
		{FromDay: today, ToDay: today - 1},
		{FromDay: today + 1, ToDay: today + 9},
		{FromDay: today - 5, ToDay: today + 5, Sites: []callgraph.StaticID{one, one, 77}},
		{FromDay: today - 1, ToDay: today, Writer: 8},
		{FromDay: today, ToDay: today, Writer: 7, Sites: []callgraph.StaticID{all[0].Key.Site, one}},
		{FromDay: today, ToDay: today, Sites: []callgraph.StaticID{}},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(r strength.Record) bool { return !selects(q, r.Key) })
		requireEvidence(t, want, s.evidence(t, q))
	}
}

func selects(q storage.EvidenceQuery, k strength.Key) bool {
	return q.FromDay <= k.Day && k.Day <= q.ToDay && (q.Writer == 0 || q.Writer == k.Writer) && (q.Sites == nil || slices.Contains(q.Sites, k.Site))
}

func evidenceMany(t *testing.T, s *subject) {
	var all []strength.Record
	for i := range 3000 {
		all = append(all, s.evidenceOf(i, uint64(i)))
	}
	require.NoError(t, s.WriteEvidence(t.Context(), all))
	requireEvidence(t, all, s.evidence(t, everyDay))
}

func evidenceStop(t *testing.T, s *subject) {
	require.NoError(t, s.WriteEvidence(t.Context(), []strength.Record{s.evidenceOf(1, 1)}))
	stop := errors.New("stop")
	require.ErrorIs(t, s.Evidence(t.Context(), everyDay, func([]strength.Record) error { return stop }), stop)
}

func evidenceNotKept(t *testing.T, s *subject) {
	all := []strength.Record{s.evidenceOf(1, 1)}
	require.NoError(t, s.WriteEvidence(t.Context(), all))
	all[0].Evidence.Others[0].Together = 99
	requireEvidence(t, []strength.Record{s.evidenceOf(1, 1)}, s.evidence(t, everyDay))
}

func evidenceClosed(t *testing.T, s *subject) {
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.WriteEvidence(t.Context(), []strength.Record{s.evidenceOf(1, 1)}), storage.ErrClosed)
	require.ErrorIs(t, s.Evidence(t.Context(), everyDay, nil), storage.ErrClosed)
}
