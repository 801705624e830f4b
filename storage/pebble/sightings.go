package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// sightings are written under one lock: what a trace carries is read, and
// written, once for all that come together.
type sightings struct {
	mu    sync.Mutex
	queue queue[*sightingWrite]
}

type sightingWrite struct {
	sightings []callgraph.Sighting
	turn      chan turn
}

func (w *sightingWrite) size() int        { return len(w.sightings) }
func (w *sightingWrite) turns() chan turn { return w.turn }

// WriteSightings implements storage.KeyWriter.
func (s *Store) WriteSightings(ctx context.Context, all []callgraph.Sighting) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("write %d sightings: %w", len(all), err)
	}
	defer s.gate.leave()
	err := storage.ValidateSightings(all)
	for some := range slices.Chunk(all, queuedSize) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = s.sightings.queue.write(&sightingWrite{some, make(chan turn, 1)}, s.writeSightings)
		}
	}
	if err != nil {
		return fmt.Errorf("write %d sightings: %w", len(all), err)
	}
	return nil
}

func (s *Store) writeSightings(batch []*sightingWrite, next func()) error {
	return s.writeInOrder(next, func(b *pebble.Batch) error { return s.putSightings(b, batch) })
}

func (s *Store) putSightings(b *pebble.Batch, batch []*sightingWrite) error {
	s.sightings.mu.Lock()
	defer s.sightings.mu.Unlock()
	p := sightingPut{store: s, batch: b, hour: hourOf(s.options.Now().UnixNano()), traces: map[pcommon.TraceID]*traceKeys{}}
	for _, w := range batch {
		for i := range w.sightings {
			if err := p.add(&w.sightings[i]); err != nil {
				return err
			}
		}
	}
	if err := p.write(); err != nil {
		return err
	}
	// An empty batch waits for what is on its way: an equal sighting may be.
	if b.Empty() {
		_ = b.LogData(nil, nil)
	}
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		return full(err)
	}
	s.stats.sightings.Add(p.written)
	return nil
}

// sightingPut is what a batch of sightings changes.
type sightingPut struct {
	store   *Store
	batch   *pebble.Batch
	hour    int64 // of arrival
	traces  map[pcommon.TraceID]*traceKeys
	written uint64
}

// traceKeys is what a trace carries.
type traceKeys struct {
	id      pcommon.TraceID
	keys    []carried
	changed bool
}

func (t *traceKeys) find(k callgraph.ChainKey) *carried {
	for i := range t.keys {
		if t.keys[i].key == k {
			return &t.keys[i]
		}
	}
	return nil
}

func (p *sightingPut) trace(id pcommon.TraceID) (*traceKeys, error) {
	if t, ok := p.traces[id]; ok {
		return t, nil
	}
	t := &traceKeys{id: id}
	var err error
	if t.keys, err = p.store.carriedBy(id); err != nil {
		return nil, err
	}
	p.traces[id] = t
	return t, nil
}

// carriedBy are the keys of a trace in the order in which they came.
func (s *Store) carriedBy(id pcommon.TraceID) (keys []carried, err error) {
	err = s.withValue(carriedKey(id), func(value []byte) (err error) {
		keys, err = readCarried(value)
		return err
	})
	return keys, err
}

func (p *sightingPut) add(x *callgraph.Sighting) error {
	t, err := p.trace(x.TraceID)
	if err != nil {
		return err
	}
	start := unixNano(x.Start)
	known := t.find(x.Key)
	switch {
	case known != nil && start >= known.start:
		return nil
	case known != nil:
		if err := p.batch.Delete(sightingKey(x.Key, known.start, t.id), nil); err != nil {
			return err
		}
		known.start = start
	case len(t.keys) >= storage.MaxTraceKeys:
		p.store.stats.keysRefused.Add(1)
		return nil
	default:
		if err := p.link(t, x.Key); err != nil {
			return err
		}
		t.keys = append(t.keys, carried{x.Key, start, p.hour})
	}
	t.changed = true
	p.written++
	return p.batch.Set(sightingKey(x.Key, start, t.id), nil, nil)
}

// linkedKeys is how many keys of a trace are linked pair by pair. A trace with
// more is noted with each of its keys instead, and looked at by readers: a
// thousand keys make a million pairs.
const linkedKeys = 16

// link links a key with those that the trace carries already.
func (p *sightingPut) link(t *traceKeys, k callgraph.ChainKey) error {
	switch n := len(t.keys); {
	case n > linkedKeys:
		return p.crowd(t, k)
	case n == linkedKeys:
		for i := range t.keys {
			if err := p.crowd(t, t.keys[i].key); err != nil {
				return err
			}
		}
		return p.crowd(t, k)
	}
	value := appendHour(t.id[:], p.hour)
	for i := range t.keys {
		other := t.keys[i].key
		if err := p.batch.Set(linkKey(k, other), value, nil); err != nil {
			return err
		}
		if err := p.batch.Set(linkKey(other, k), value, nil); err != nil {
			return err
		}
	}
	return nil
}

func (p *sightingPut) crowd(t *traceKeys, k callgraph.ChainKey) error {
	return p.batch.Set(crowdKey(k, t.id), appendHour(nil, p.hour), nil)
}

func appendHour(b []byte, hour int64) []byte {
	return binary.AppendUvarint(b[:len(b):len(b)], uint64(hour))
}

// write puts what the traces carry now.
func (p *sightingPut) write() error {
	var value []byte
	for _, t := range p.traces {
		if !t.changed {
			continue
		}
		value = appendCarried(value[:0], t.keys)
		if err := p.batch.Set(carriedKey(t.id), value, nil); err != nil {
			return err
		}
	}
	return nil
}
