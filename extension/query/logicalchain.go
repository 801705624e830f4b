package query

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

const (
	defaultSections = 50
	maxSections     = 200
	defaultSteps    = 2
	maxSteps        = 3
)

// The shapes of a logical chain.
type (
	logicalChain struct {
		Key         keyShape    `json:"key"`
		Others      []keyShape  `json:"others"`
		Traces      int         `json:"traces"`
		TracesExact bool        `json:"tracesExact"`
		First       time.Time   `json:"first"`
		Last        time.Time   `json:"last"`
		Sections    []section   `json:"sections"`
		Linked      []linkedKey `json:"linked"`
		Cursor      string      `json:"cursor"`
		Notes       []string    `json:"notes"`
	}
	keyShape struct {
		Environment string `json:"environment"`
		Kind        string `json:"kind"`
		Value       string `json:"value"`
	}
	section struct {
		TraceID string     `json:"traceId"`
		ShortID string     `json:"shortId"`
		Start   time.Time  `json:"start"`
		Keys    []keyShape `json:"keys"`
		States  []keyState `json:"states"`
		Wait    *float64   `json:"wait"`
		Missing bool       `json:"missing"`
		Chain   *summary   `json:"chain"`

		end pcommon.Timestamp
	}
)

// logicalChain is a page of the chains that carry a key or one linked with it.
func (s *Server) logicalChain(r *http.Request) (any, error) {
	x, err := s.keySearch(r)
	if err != nil {
		return nil, err
	}
	answer := logicalChain{Key: shownKey(x.key), Others: shownKeys(x.others), Linked: x.network.linked, Notes: x.network.notes}
	if answer.Sections, answer.Cursor, err = s.sections(r.Context(), x); err != nil {
		return nil, err
	}
	extent, exact, err := s.extent(r.Context(), x.network.followed)
	answer.Traces, answer.TracesExact = extent.Traces, exact
	answer.First, answer.Last = time.Unix(0, extent.First).UTC(), time.Unix(0, extent.Last).UTC()
	return answer, err
}

// keySearch is what a request asks of a key.
type keySearch struct {
	key     callgraph.ChainKey
	others  []callgraph.ChainKey
	network network
	after   keyCursor
	limit   int
}

func (s *Server) keySearch(r *http.Request) (x keySearch, err error) {
	p := s.parameters(r)
	steps := int(p.integer("links", defaultSteps, 0, maxSteps))
	x.limit, x.after = int(p.integer("limit", defaultSections, 1, maxSections)), p.keyCursor("cursor")
	environment := p.text("environment")
	if err := p.fault(); err != nil {
		return x, err
	}
	if x.key, x.others, err = s.storedKey(r, environment); err != nil {
		return x, err
	}
	x.network, err = s.networkOf(r.Context(), x.key, steps, x.after.followed)
	return x, err
}

// sections reads the chains of a page, and where the next one begins.
func (s *Server) sections(ctx context.Context, x keySearch) ([]section, string, error) {
	all, next := []section{}, x.after
	room := s.options.MaxSpans
	more, err := s.eachSighting(ctx, x, func(seen sighted) (bool, error) {
		if len(all) == x.limit || room <= 0 {
			return false, nil
		}
		one, spans, err := s.section(ctx, seen)
		all, room, next.place = append(all, one), room-spans, seen.place()
		return true, err
	})
	if err != nil {
		return nil, "", err
	}
	next.end = waits(all, x.after.end)
	if !more {
		return all, "", nil
	}
	next.followed = hashes(x.network.followed)
	return all, next.String(), nil
}

func (s *Server) section(ctx context.Context, seen sighted) (one section, spans int, err error) {
	id := pcommon.TraceID(seen.TraceID)
	one = section{
		TraceID: id.String(), ShortID: callgraph.ShortIDOf(id).String(), Start: seen.Start.UTC(), Keys: shownKeys(seen.keys), States: []keyState{}, Missing: true,
	}
	td, err := s.stored(ctx, id)
	if err != nil || td.SpanCount() == 0 {
		return one, 0, err
	}
	st := newStory(td)
	sum := st.summary()
	one.Chain, one.Missing, one.end = &sum, false, max(st.end, st.start)
	one.States = st.states(seen.keys)
	if st.start > 0 {
		one.Start = sum.Start
	}
	return one, td.SpanCount(), nil
}

// stored is a trace, without any spans where its retention has ended.
func (s *Server) stored(ctx context.Context, id pcommon.TraceID) (ptrace.Traces, error) {
	td, err := s.options.Backend.Trace(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return ptrace.NewTraces(), nil
	}
	if err != nil {
		return td, fmt.Errorf("trace %s: %w", id, err)
	}
	return td, nil
}

// waits orders sections by their chains' start (a page comes by when they began
// to carry a key) and says how long each waited for the latest end before it,
// which it returns as it is after all.
func waits(all []section, end pcommon.Timestamp) pcommon.Timestamp {
	slices.SortStableFunc(all, func(a, b section) int { return a.Start.Compare(b.Start) })
	for i := range all {
		one := &all[i]
		if one.Missing {
			continue
		}
		if end > 0 {
			wait := one.Start.Sub(end.AsTime()).Seconds()
			one.Wait = &wait
		}
		end = max(end, one.end)
	}
	return end
}

// maxCounted is how many sightings of several keys are read to count each of
// their chains once.
const maxCounted = 20_000

// extent is that of all keys together; it is not exact where chains that carry
// several of them were counted several times.
func (s *Server) extent(ctx context.Context, keys []callgraph.ChainKey) (sum storage.Extent, exact bool, err error) {
	for _, key := range keys {
		e, err := s.options.Backend.KeyExtent(ctx, key)
		if err != nil {
			return sum, false, fmt.Errorf("extent of %s: %w", key, err)
		}
		if e.Traces == 0 {
			continue
		}
		if sum.Traces == 0 || e.First < sum.First {
			sum.First = e.First
		}
		sum.Traces, sum.Last = sum.Traces+e.Traces, max(sum.Last, e.Last)
	}
	if len(keys) == 1 || sum.Traces > maxCounted {
		return sum, len(keys) == 1, nil
	}
	sum.Traces, err = s.countOnce(ctx, keys)
	return sum, true, err
}

func (s *Server) countOnce(ctx context.Context, keys []callgraph.ChainKey) (int, error) {
	seen := map[[16]byte]struct{}{}
	for _, key := range keys {
		found, err := s.options.Backend.Sightings(ctx, key, storage.Place{}, maxCounted)
		if err != nil {
			return 0, fmt.Errorf("chains of %s: %w", key, err)
		}
		for _, f := range found {
			seen[f.TraceID] = struct{}{}
		}
	}
	return len(seen), nil
}

func shownKey(k callgraph.ChainKey) keyShape { return keyShape{k.Environment, k.Kind, k.Value} }

func shownKeys(keys []callgraph.ChainKey) []keyShape {
	all := make([]keyShape, 0, len(keys))
	for _, k := range keys {
		all = append(all, shownKey(k))
	}
	return all
}
