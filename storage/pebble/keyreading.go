package pebble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Sightings implements storage.KeyReader.
func (s *Store) Sightings(ctx context.Context, key callgraph.ChainKey, after storage.Place, limit int) (found []callgraph.Sighting, err error) {
	err = s.reading(ctx, func() error {
		prefix := appendByValue([]byte{prefixSighting}, key)
		from := prefix
		if after != (storage.Place{}) {
			from = append(appendPlace(slices.Clip(prefix), after.Start, after.TraceID), 0)
		}
		return s.scan(from, end(prefix), func(row, _ []byte) error {
			if len(found) >= limit {
				return errEnough
			}
			start, id, err := readPlace(row[len(prefix):])
			found = append(found, callgraph.Sighting{Key: key, TraceID: id, Start: time.Unix(0, start).UTC()})
			return err
		})
	})
	return found, reads("sightings", key.Kind, err)
}

// reading runs a read and takes errEnough for its end.
func (s *Store) reading(ctx context.Context, read func() error) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := read(); !errors.Is(err, errEnough) {
		return err
	}
	return nil
}

// reads says what was being read; keys' values stay out of logs.
func reads(what, kind string, err error) error {
	if err != nil {
		err = fmt.Errorf("read %s of a key of kind %q: %w", what, kind, err)
	}
	return err
}

// extentRows is how many rows are counted before it is asked whether to go on.
const extentRows = 1 << 12

// KeyExtent implements storage.KeyReader.
func (s *Store) KeyExtent(ctx context.Context, key callgraph.ChainKey) (x storage.Extent, err error) {
	prefix := appendByValue([]byte{prefixSighting}, key)
	err = s.reading(ctx, func() error {
		return s.scanKeys(prefix, end(prefix), func(row []byte) error {
			start, _, err := readPlace(row[len(prefix):])
			if x.Traces == 0 {
				x.First = start
			}
			x.Last = start
			if x.Traces++; x.Traces%extentRows == 0 {
				err = errors.Join(err, ctx.Err(), s.gate.open())
			}
			return err
		})
	})
	if err != nil {
		return storage.Extent{}, reads("extent", key.Kind, err)
	}
	return x, nil
}

// scanKeys is scan for who needs no values.
func (s *Store) scanKeys(from, to []byte, yield func(key []byte) error) (err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		if err := yield(it.Key()); err != nil {
			return err
		}
	}
	return it.Error()
}

// KeysOf implements storage.KeyReader.
func (s *Store) KeysOf(ctx context.Context, trace pcommon.TraceID) (keys []callgraph.ChainKey, err error) {
	err = s.reading(ctx, func() error {
		all, err := s.carriedBy(trace)
		for i := range all {
			keys = append(keys, all[i].key)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read keys of trace %s: %w", trace, err)
	}
	slices.SortFunc(keys, callgraph.ChainKey.Compare)
	return keys, nil
}

// Links implements storage.KeyReader.
func (s *Store) Links(ctx context.Context, key callgraph.ChainKey, limit int) (links []callgraph.KeyLink, err error) {
	found := map[callgraph.ChainKey]pcommon.TraceID{}
	err = s.reading(ctx, func() error {
		if err := s.pairs(key, limit, found); err != nil {
			return err
		}
		return s.crowds(ctx, key, max(limit, 0), found)
	})
	if err != nil {
		return nil, reads("links", key.Kind, err)
	}
	for _, other := range slices.SortedFunc(maps.Keys(found), callgraph.ChainKey.Compare) {
		links = append(links, callgraph.KeyLink{Key: other, TraceID: found[other]})
	}
	return links[:min(len(links), max(limit, 0))], nil
}

// pairs are the first keys that key is linked with pair by pair.
func (s *Store) pairs(key callgraph.ChainKey, limit int, found map[callgraph.ChainKey]pcommon.TraceID) error {
	prefix := appendByValue([]byte{prefixLink}, key)
	err := s.scan(prefix, end(prefix), func(row, value []byte) error {
		if len(found) >= limit {
			return errEnough
		}
		other, _, err := cutByKind(row[len(prefix):])
		if err != nil || len(value) < 16 {
			return errors.Join(err, errCorruptKey)
		}
		found[other] = pcommon.TraceID(value[:16])
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return err
}

// crowds are the keys of the traces that carry too many for pairs. Of all that
// are found no more than some traces' are held beside the first, up to limit.
func (s *Store) crowds(ctx context.Context, key callgraph.ChainKey, limit int, found map[callgraph.ChainKey]pcommon.TraceID) error {
	prefix := appendByValue([]byte{prefixCrowd}, key)
	return s.scanKeys(prefix, end(prefix), func(row []byte) error {
		if err := errors.Join(ctx.Err(), s.gate.open()); err != nil {
			return err
		}
		if len(row) != len(prefix)+16 {
			return errCorruptKey
		}
		id := pcommon.TraceID(row[len(prefix):])
		all, err := s.carriedBy(id)
		for i := range all {
			if other := all[i].key; other != key {
				found[other] = id
			}
		}
		if len(found) > limit+maxCrowdKeys {
			leaveFirst(found, limit)
		}
		return err
	})
}

const maxCrowdKeys = 4 * storage.MaxTraceKeys

func leaveFirst(found map[callgraph.ChainKey]pcommon.TraceID, n int) {
	for _, key := range slices.SortedFunc(maps.Keys(found), callgraph.ChainKey.Compare)[n:] {
		delete(found, key)
	}
}

// FindKeys implements storage.KeyReader.
func (s *Store) FindKeys(ctx context.Context, kind, value string, limit int) (keys []callgraph.ChainKey, err error) {
	err = s.reading(ctx, func() (err error) {
		prefix := appendText([]byte{prefixSighting}, value)
		if kind != "" {
			prefix = appendText(prefix, kind)
		}
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: end(prefix)})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, it.Close()) }()
		for ok := it.First(); ok && len(keys) < limit; {
			key, place, err := cutByValue(it.Key()[1:])
			if err != nil {
				return err
			}
			keys = append(keys, key)
			ok = it.SeekGE(end(it.Key()[:len(it.Key())-len(place)]))
		}
		return it.Error()
	})
	return keys, reads("keys", cmp.Or(kind, "any"), err)
}
