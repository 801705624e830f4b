package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/zeebo/xxh3"

	"github.com/jcallgraph/jcallgraph/storage"
)

// maxRequests that are known again: some 15 MiB.
const maxRequests = 1 << 18

// requests knows those of the last storage.RepeatWindow by the hashes of their
// bytes, so that a repeated one is not stored, and counted, again.
type requests struct {
	mu       sync.Mutex
	most     int
	arrivals map[xxh3.Uint128]int64
	order    []xxh3.Uint128                 // of arrivals, oldest first
	flying   map[xxh3.Uint128]chan struct{} // being written; closed when that ended

	repeated, forgotten uint64
}

func newRequests(most int) *requests {
	return &requests{most: most, arrivals: map[xxh3.Uint128]int64{}, flying: map[xxh3.Uint128]chan struct{}{}}
}

// begin is followed by end where the request is not repeated. It waits while an
// equal one is being written: until then neither is durable.
func (r *requests) begin(ctx context.Context, hash xxh3.Uint128, now time.Time) (repeated bool, err error) {
	for {
		repeated, other := r.try(hash, now.Add(-storage.RepeatWindow).UnixNano())
		if other == nil {
			return repeated, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return false, fmt.Errorf("wait for an equal request: %w", ctx.Err())
		}
	}
}

// try returns what to wait for where an equal request is being written.
func (r *requests) try(hash xxh3.Uint128, since int64) (repeated bool, other chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if arrival, ok := r.arrivals[hash]; ok && arrival >= since {
		r.repeated++
		return true, nil
	}
	if other := r.flying[hash]; other != nil {
		return false, other
	}
	r.flying[hash] = make(chan struct{})
	r.expire(since)
	return false, nil
}

// end keeps the request if it is durable; arrival is zero where it is not.
func (r *requests) end(hash xxh3.Uint128, arrival int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if arrival != 0 {
		r.add(hash, arrival)
	}
	close(r.flying[hash])
	delete(r.flying, hash)
}

func (r *requests) add(hash xxh3.Uint128, arrival int64) {
	if len(r.order) >= r.most {
		r.forgotten++
		r.pop()
	}
	r.arrivals[hash] = arrival
	r.order = append(r.order, hash)
}

// expire forgets what arrived before since.
func (r *requests) expire(since int64) {
	for len(r.order) > 0 && r.arrivals[r.order[0]] < since {
		r.pop()
	}
}

func (r *requests) pop() {
	delete(r.arrivals, r.order[0])
	r.order = r.order[1:]
}

func (r *requests) counts() (repeated, forgotten uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repeated, r.forgotten
}

const hashSize = 16

// putRequests notes, with their segment, what a batch stores.
func putRequests(b *pebble.Batch, e *entry, batch []*request) {
	value := make([]byte, 0, 8+hashSize*len(batch))
	value = binary.BigEndian.AppendUint64(value, uint64(e.arrival))
	for _, r := range batch {
		hash := r.hash.Bytes()
		value = append(value, hash[:]...)
	}
	_ = b.Set(numberKey(prefixRequests, e.number), value, nil) // fails for no open batch
}

// loadRequests reads those that may still be repeated.
func (s *Store) loadRequests() error {
	s.requests = newRequests(maxRequests)
	since := s.options.Now().Add(-storage.RepeatWindow).UnixNano()
	return s.scan([]byte{prefixRequests}, prefixEnd(prefixRequests), func(key, value []byte) error {
		if len(value) < 8 || len(value)%hashSize != 8 {
			return fmt.Errorf("read requests of segment %d: %d bytes", keyNumber(key), len(value))
		}
		arrival := int64(binary.BigEndian.Uint64(value))
		if arrival < since {
			return nil
		}
		for hashes := value[8:]; len(hashes) > 0; hashes = hashes[hashSize:] {
			s.requests.add(xxh3.Uint128{Hi: binary.BigEndian.Uint64(hashes), Lo: binary.BigEndian.Uint64(hashes[8:])}, arrival)
		}
		return nil
	})
}

// dropOldRequests deletes the rows that no request can repeat any more.
func (s *Store) dropOldRequests(now time.Time) error {
	since := now.Add(-storage.RepeatWindow).UnixNano()
	low, err := s.firstRequests(since)
	if err != nil || low == 0 {
		return err
	}
	b := s.db.NewBatch()
	_ = b.DeleteRange(numberKey(prefixRequests, 0), numberKey(prefixRequests, low), nil)
	return s.guard(func() error { return s.db.Apply(b, pebble.NoSync) })
}

// firstRequests is the number behind the rows that arrived before since, zero
// where there are none.
func (s *Store) firstRequests(since int64) (low uint64, err error) {
	err = s.scan([]byte{prefixRequests}, prefixEnd(prefixRequests), func(key, value []byte) error {
		if int64(binary.BigEndian.Uint64(value)) >= since {
			return errFound
		}
		low = keyNumber(key) + 1
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return low, err
}

// errFound ends a scan.
var errFound = errors.New("found")
