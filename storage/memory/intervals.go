package memory

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// intent is all that an interval changes, as it will be: written as one value
// first, so that what was begun can be finished, again and again if need be.
type intent struct {
	Instance string
	Marks    storage.Marks
	Cells    []callgraph.Cell
}

func (b *Backend) intentKey() string { return "intent:" + hex(b.writer) }

func (b *Backend) marksKey(instance string) string { return "marks:" + instance + ":" + hex(b.writer) }

// WriteInterval implements storage.IntervalWriter.
func (b *Backend) WriteInterval(ctx context.Context, in callgraph.Interval) (repeated bool, err error) {
	if err := b.ready(ctx); err != nil {
		return false, err
	}
	b.cells.Lock()
	defer b.cells.Unlock()
	if err := b.finishIntent(); err != nil {
		return false, fmt.Errorf("write interval %d: %w", in.Number, err)
	}
	marks := b.marks(in.Instance)
	repeated, err = marks.Has(in.Number)
	if err == nil && !repeated {
		err = b.writeIntent(intent{in.Instance, marks.With(in.Number), nil}, in.Cells)
	}
	if err != nil {
		return false, fmt.Errorf("write interval %d of %d cells: %w", in.Number, len(in.Cells), err)
	}
	return repeated, nil
}

func (b *Backend) marks(instance string) (m storage.Marks) {
	if v := b.commands.Get(b.marksKey(instance)); v != nil {
		m.Newest, m.Bits = binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])
	}
	return m
}

func (b *Backend) writeIntent(i intent, added []callgraph.Cell) error {
	var err error
	if i.Cells, err = b.sums(added); err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(i); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if err := b.commands.Set(b.intentKey(), buf.Bytes()); err != nil {
		return err
	}
	return b.finishIntent()
}

// sums are the cells that the added ones become part of.
func (b *Backend) sums(added []callgraph.Cell) ([]callgraph.Cell, error) {
	now, states, sums := time.Now(), map[callgraph.Bucket]cellSet{}, cellSet{}
	for i := range added {
		k := storage.CountedKey(added[i].CellKey, b.writer, now)
		if states[k.Bucket] == nil {
			old, err := b.readBucket(place{k.Bucket, hex(b.writer)})
			if err != nil {
				return nil, err
			}
			states[k.Bucket] = cellSet{}
			states[k.Bucket].add(old)
		}
		sum, ok := sums[k]
		if !ok {
			sum = states[k.Bucket][k]
			sum.CellKey = k
			sum.Sequence = max(sum.Sequence+1, uint64(now.UnixNano()))
		}
		sum.Add(&added[i])
		sums[k] = sum
	}
	return values(sums), nil
}

// finishIntent does what the last intent says, if it was not done. All of it is
// absolute: doing it twice is doing it once.
func (b *Backend) finishIntent() error {
	v := b.commands.Get(b.intentKey())
	if v == nil {
		return nil
	}
	var i intent
	if err := gob.NewDecoder(bytes.NewReader(v)).Decode(&i); err != nil {
		return fmt.Errorf("decode intent: %w", err)
	}
	byBucket := map[callgraph.Bucket][]callgraph.Cell{}
	for _, c := range i.Cells {
		byBucket[c.Bucket] = append(byBucket[c.Bucket], c)
	}
	for bucket, cells := range byBucket {
		if err := b.writeBucket(bucket, cells); err != nil {
			return fmt.Errorf("write %d cells of bucket %d: %w", len(cells), bucket.Start, err)
		}
	}
	m := binary.BigEndian.AppendUint64(nil, i.Marks.Newest)
	m = binary.BigEndian.AppendUint64(m, i.Marks.Bits)
	if err := b.commands.SetEx(b.marksKey(i.Instance), b.options.EdgeRetention, m); err != nil {
		return err
	}
	b.commands.Del(b.intentKey())
	return nil
}
