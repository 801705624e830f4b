package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Store is what a ledger needs of a backend.
type Store interface {
	storage.EvidenceWriter
	storage.EvidenceReader
}

// AtOnce is how many records are taken and written at a time: about half a
// megabyte.
const AtOnce = 500

// Ledger adds to the records of one writer, which nobody else writes. It is
// not safe for concurrent use.
type Ledger struct {
	store  Store
	writer uint64
	// taken is what was newly seen and is not added yet, since the records could
	// not be read.
	taken []strength.Record
	// added are records that the store may not have yet.
	added map[strength.Key]strength.Record
	// written are records as the store has them, those used last.
	written *simplelru.LRU[strength.Key, strength.Record]
}

// New is the ledger of a writer. It keeps so many written records at hand; the
// others it reads again.
func New(store Store, writer uint64, kept int) *Ledger {
	written, err := simplelru.NewLRU[strength.Key, strength.Record](max(kept, 1), nil)
	if err != nil {
		panic(err) // not for a positive size
	}
	return &Ledger{store: store, writer: writer, added: map[strength.Key]strength.Record{}, written: written}
}

// Flush takes what was newly seen, at most as many records at a time as it says,
// adds it to the writer's records and writes these, until there is no more.
// Where reading or writing fails it takes no more, and the next Flush begins with
// what is left. So a ledger never holds more than AtOnce records that the store
// may lack: what else is newly seen waits with whoever counts it.
func (l *Ledger) Flush(ctx context.Context, take func(limit int) []strength.Record) error {
	for more := true; more; {
		if err := l.settle(ctx); err != nil {
			return err
		}
		l.taken = take(AtOnce)
		more = len(l.taken) > 0
	}
	return nil
}

// Kept is how many written records are at hand.
func (l *Ledger) Kept() int { return l.written.Len() }

// Owed is how many records the store may lack.
func (l *Ledger) Owed() int { return len(l.taken) + len(l.added) }

func (l *Ledger) settle(ctx context.Context) error {
	if err := l.write(ctx); err != nil {
		return err
	}
	if err := l.add(ctx); err != nil {
		return err
	}
	return l.write(ctx)
}

// add moves what was taken to what is added, all of it or nothing.
func (l *Ledger) add(ctx context.Context) error {
	read, err := l.read(ctx)
	if err != nil {
		return err
	}
	for _, r := range l.taken {
		r.Writer = l.writer
		sum, ok := l.added[r.Key]
		if !ok {
			if sum, ok = l.written.Get(r.Key); !ok {
				sum, ok = read[r.Key]
			}
		}
		if !ok {
			sum = strength.Record{Key: r.Key, Site: r.Site}
		}
		sum.Evidence.Merge(r.Evidence)
		sum.Evidence.Bound()
		l.added[r.Key] = sum
	}
	l.taken = nil
	return nil
}

// read returns the store's records for what was taken and is not at hand.
func (l *Ledger) read(ctx context.Context) (map[strength.Key]strength.Record, error) {
	found := map[strength.Key]strength.Record{}
	for day, sites := range l.unread() {
		q := storage.EvidenceQuery{FromDay: day, ToDay: day, Sites: sites, Writer: l.writer}
		err := l.store.Evidence(ctx, q, func(records []strength.Record) error {
			for _, r := range records {
				found[r.Key] = r
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the records of %d call sites: %w", len(sites), err)
		}
	}
	return found, nil
}

// unread are the sites to read, by day.
func (l *Ledger) unread() map[int64][]callgraph.StaticID {
	days := map[int64][]callgraph.StaticID{}
	for _, r := range l.taken {
		r.Writer = l.writer
		if !l.written.Contains(r.Key) {
			days[r.Day] = append(days[r.Day], r.Key.Site)
		}
	}
	return days
}

// write makes what is added durable. After an error the store may have any part
// of it: writing it again, or more than it, changes nothing else.
func (l *Ledger) write(ctx context.Context) error {
	if len(l.added) == 0 {
		return nil
	}
	if err := l.store.WriteEvidence(ctx, slices.Collect(maps.Values(l.added))); err != nil {
		return fmt.Errorf("write the records of %d call sites: %w", len(l.added), err)
	}
	for k, r := range l.added {
		l.written.Add(k, r)
	}
	clear(l.added)
	return nil
}
