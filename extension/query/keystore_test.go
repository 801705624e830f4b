package query

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// fakeKeys are business keys as storage.KeyReader has them.
type fakeKeys struct {
	sightings []callgraph.Sighting
	failing   error
}

func (f *fakeKeys) Sightings(_ context.Context, key callgraph.ChainKey, after storage.Place, limit int) (found []callgraph.Sighting, err error) {
	for _, s := range f.sightings {
		if s.Key == key && comparePlaces(placeOf(s), after) > 0 {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b callgraph.Sighting) int { return comparePlaces(placeOf(a), placeOf(b)) })
	return found[:min(limit, len(found))], f.failing
}

func (f *fakeKeys) KeyExtent(ctx context.Context, key callgraph.ChainKey) (storage.Extent, error) {
	all, err := f.Sightings(ctx, key, storage.Place{}, 1<<30)
	if len(all) == 0 {
		return storage.Extent{}, err
	}
	return storage.Extent{Traces: len(all), First: placeOf(all[0]).Start, Last: placeOf(all[len(all)-1]).Start}, err
}

func compareKeys(a, b callgraph.ChainKey) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value), strings.Compare(a.Environment, b.Environment))
}

func (f *fakeKeys) KeysOf(_ context.Context, trace pcommon.TraceID) (keys []callgraph.ChainKey, err error) {
	for _, s := range f.sightings {
		if s.TraceID == trace && !slices.Contains(keys, s.Key) {
			keys = append(keys, s.Key)
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys, f.failing
}

func (f *fakeKeys) Links(ctx context.Context, key callgraph.ChainKey, limit int) (links []callgraph.KeyLink, err error) {
	for _, s := range f.sightings {
		if s.Key != key {
			continue
		}
		keys, _ := f.KeysOf(ctx, s.TraceID)
		for _, other := range keys {
			if other != key && !slices.ContainsFunc(links, func(l callgraph.KeyLink) bool { return l.Key == other }) {
				links = append(links, callgraph.KeyLink{Key: other, TraceID: s.TraceID})
			}
		}
	}
	slices.SortFunc(links, func(a, b callgraph.KeyLink) int {
		return cmp.Or(compareKeys(a.Key, b.Key), bytes.Compare(a.TraceID[:], b.TraceID[:]))
	})
	return links[:min(limit, len(links))], f.failing
}

func (f *fakeKeys) FindKeys(_ context.Context, kind, value string, limit int) (keys []callgraph.ChainKey, err error) {
	for _, s := range f.sightings {
		if s.Key.Value == value && (kind == "" || kind == s.Key.Kind) && !slices.Contains(keys, s.Key) {
			keys = append(keys, s.Key)
		}
	}
	slices.SortFunc(keys, func(a, b callgraph.ChainKey) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Environment, b.Environment))
	})
	return keys[:min(limit, len(keys))], f.failing
}

// fakeEvidence are records as storage.EvidenceReader has them.
type fakeEvidence struct {
	records []strength.Record
	asked   []storage.EvidenceQuery
}

func (f *fakeEvidence) Evidence(_ context.Context, q storage.EvidenceQuery, yield func([]strength.Record) error) error {
	f.asked = append(f.asked, q)
	for _, r := range f.records {
		if r.Day >= q.FromDay && r.Day <= q.ToDay && (q.Sites == nil || slices.Contains(q.Sites, r.Key.Site)) {
			if err := yield([]strength.Record{r}); err != nil {
				return err
			}
		}
	}
	return nil
}
