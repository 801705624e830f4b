package memory

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// seen is a sighting as a value keeps it.
type seen struct {
	trace   pcommon.TraceID
	start   int64 // Unix nanoseconds
	arrival int64
}

const seenSize = 16 + 2*8

func (s seen) append(b []byte) []byte {
	b = append(b, s.trace[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.start))
	return binary.BigEndian.AppendUint64(b, uint64(s.arrival))
}

func readSeen(b []byte) seen {
	return seen{pcommon.TraceID(b[:16]), int64(binary.BigEndian.Uint64(b[16:])), int64(binary.BigEndian.Uint64(b[24:]))}
}

// carried is a key that a trace carries.
type carried struct {
	key            callgraph.ChainKey
	start, arrival int64 // Unix nanoseconds
}

func appendCarried(b []byte, c carried) []byte {
	for _, s := range []string{c.key.Kind, c.key.Value, c.key.Environment} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(c.start))
	return binary.BigEndian.AppendUint64(b, uint64(c.arrival))
}

// decodeCarried reads what appendCarried wrote; anything else ends it.
func decodeCarried(b []byte) (all []carried) {
	for len(b) > 0 {
		var c carried
		for _, s := range []*string{&c.key.Kind, &c.key.Value, &c.key.Environment} {
			n, size := binary.Uvarint(b)
			if size <= 0 || n > uint64(len(b)-size) {
				return all
			}
			*s, b = string(b[size:size+int(n)]), b[size+int(n):]
		}
		if len(b) < 16 {
			return all
		}
		c.start, c.arrival = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
		all, b = append(all, c), b[16:]
	}
	return all
}

// day of arrival, in days since 1970.
type day int64

func dayAt(t time.Time) day { return day(hourAt(t) / 24) }

// days in which something that is retained may have arrived, oldest first.
func days(retention time.Duration) (ds []day) {
	now := time.Now()
	for d := dayAt(now.Add(-retention)); d <= dayAt(now); d++ {
		ds = append(ds, d)
	}
	return ds
}

// keyText is a key as part of a server's key.
func keyText(k callgraph.ChainKey) string {
	return strconv.Quote(k.Environment) + strconv.Quote(k.Kind) + strconv.Quote(k.Value)
}

func seenKey(d day, writer string, k callgraph.ChainKey) string {
	return fmt.Sprintf("key:%d:%s:%s", d, writer, keyText(k))
}

func carriedKey(id pcommon.TraceID, writer string) string {
	return fmt.Sprintf("carried:%s:%s", id, writer)
}

func valueKey(value, writer string) string {
	return fmt.Sprintf("value:%s:%s", writer, strconv.Quote(value))
}

// WriteSightings implements storage.KeyWriter.
func (b *Backend) WriteSightings(ctx context.Context, all []callgraph.Sighting) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := storage.ValidateSightings(all); err != nil {
		return fmt.Errorf("write %d sightings: %w", len(all), err)
	}
	b.spans.Lock()
	defer b.spans.Unlock()
	for i := range all {
		if err := b.writeSighting(&all[i]); err != nil {
			return fmt.Errorf("write %d sightings: %w", len(all), err)
		}
	}
	return nil
}

// writeSighting writes last what makes the sighting known: what fails before is
// written again.
func (b *Backend) writeSighting(x *callgraph.Sighting) error {
	now := time.Now()
	c := carried{x.Key, nanos(x.Start), now.UnixNano()}
	own := carriedKey(x.TraceID, hex(b.writer))
	before := b.retainedKeys(decodeCarried(b.commands.Get(own)))
	at := slices.IndexFunc(before, func(o carried) bool { return o.key == c.key })
	switch {
	case at >= 0 && before[at].start <= c.start:
		return nil
	case at >= 0:
		before = slices.Delete(before, at, at+1)
	case len(before) >= storage.MaxTraceKeys:
		b.keysRefused.Add(1)
		return nil
	}
	if err := b.announceWriter(now); err != nil {
		return err
	}
	if err := b.extendValue(c); err != nil {
		return err
	}
	if err := b.extendKey(x.Key, seen{x.TraceID, c.start, c.arrival}); err != nil {
		return err
	}
	return b.commands.SetEx(own, b.traceRetention(), packCarried(append(before, c)))
}

func packCarried(all []carried) (packed []byte) {
	for _, c := range all {
		packed = appendCarried(packed, c)
	}
	return packed
}

// announceWriter lets readers know of a writer that wrote no spans in the hour.
func (b *Backend) announceWriter(now time.Time) error {
	h, writer := hourAt(now), hex(b.writer)
	if b.commands.HGet(spansKey(h), writer) != nil {
		return nil
	}
	b.dropOldHours(h)
	return b.commands.HSet(spansKey(h), writer, []byte("0"))
}

// extendKey adds to the day's part of what carries the key. An earlier start is
// one more entry: readers take the earliest.
func (b *Backend) extendKey(k callgraph.ChainKey, s seen) error {
	key := seenKey(dayAt(time.Unix(0, s.arrival)), hex(b.writer), k)
	return b.commands.SetEx(key, b.traceRetention()+24*time.Hour, join(b.commands.Get(key), s.append(nil)))
}

// extendValue notes that there is a key of this value.
func (b *Backend) extendValue(c carried) error {
	key := valueKey(c.key.Value, hex(b.writer))
	known := slices.DeleteFunc(b.retainedKeys(decodeCarried(b.commands.Get(key))), func(o carried) bool { return o.key == c.key })
	return b.commands.SetEx(key, b.traceRetention(), packCarried(append(known, c)))
}

// retainedKeys leaves out what arrived too long ago.
func (b *Backend) retainedKeys(all []carried) []carried {
	oldest := time.Now().Add(-b.options.Retention).UnixNano()
	return slices.DeleteFunc(all, func(c carried) bool { return c.arrival < oldest })
}

// chain is what carries a key, by rising start.
func (b *Backend) chain(k callgraph.ChainKey) []seen {
	earliest := map[pcommon.TraceID]seen{}
	oldest := time.Now().Add(-b.options.Retention).UnixNano()
	for writer := range b.writers() {
		for _, d := range days(b.options.Retention) {
			for packed := b.commands.Get(seenKey(d, writer, k)); len(packed) >= seenSize; packed = packed[seenSize:] {
				s := readSeen(packed)
				if known, ok := earliest[s.trace]; s.arrival >= oldest && (!ok || s.start < known.start) {
					earliest[s.trace] = s
				}
			}
		}
	}
	all := make([]seen, 0, len(earliest))
	for _, s := range earliest {
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y seen) int {
		return cmp.Or(cmp.Compare(x.start, y.start), slices.Compare(x.trace[:], y.trace[:]))
	})
	return all
}

// Sightings implements storage.KeyReader.
func (b *Backend) Sightings(ctx context.Context, key callgraph.ChainKey, after storage.Place, limit int) (found []callgraph.Sighting, err error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	for _, s := range b.chain(key) {
		if len(found) >= limit {
			break
		}
		if after == (storage.Place{}) || behind(s, after) {
			found = append(found, callgraph.Sighting{Key: key, TraceID: s.trace, Start: time.Unix(0, s.start).UTC()})
		}
	}
	return found, nil
}

func behind(s seen, p storage.Place) bool {
	return cmp.Or(cmp.Compare(s.start, p.Start), slices.Compare(s.trace[:], p.TraceID[:])) > 0
}

// KeyExtent implements storage.KeyReader.
func (b *Backend) KeyExtent(ctx context.Context, key callgraph.ChainKey) (storage.Extent, error) {
	if err := b.ready(ctx); err != nil {
		return storage.Extent{}, err
	}
	all := b.chain(key)
	if len(all) == 0 {
		return storage.Extent{}, nil
	}
	return storage.Extent{Traces: len(all), First: all[0].start, Last: all[len(all)-1].start}, nil
}

// KeysOf implements storage.KeyReader.
func (b *Backend) KeysOf(ctx context.Context, trace pcommon.TraceID) ([]callgraph.ChainKey, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	return b.keysOf(trace, b.writers()), nil
}

func (b *Backend) keysOf(trace pcommon.TraceID, writers map[string]bool) []callgraph.ChainKey {
	var all []carried
	for writer := range writers {
		all = append(all, decodeCarried(b.commands.Get(carriedKey(trace, writer)))...)
	}
	return b.keysIn(all)
}

// keysIn are the keys that are retained, in order, each once.
func (b *Backend) keysIn(all []carried) (keys []callgraph.ChainKey) {
	for _, c := range b.retainedKeys(all) {
		keys = append(keys, c.key)
	}
	slices.SortFunc(keys, callgraph.ChainKey.Compare)
	return slices.Compact(keys)
}

// Links implements storage.KeyReader.
func (b *Backend) Links(ctx context.Context, key callgraph.ChainKey, limit int) (links []callgraph.KeyLink, err error) {
	found, writers := map[callgraph.ChainKey]bool{key: true}, b.writers()
	for _, s := range b.chain(key) {
		if err := b.ready(ctx); err != nil {
			return nil, err
		}
		for _, other := range b.keysOf(s.trace, writers) {
			if !found[other] {
				found[other] = true
				links = append(links, callgraph.KeyLink{Key: other, TraceID: s.trace})
			}
		}
	}
	slices.SortFunc(links, func(x, y callgraph.KeyLink) int { return x.Key.Compare(y.Key) })
	return links[:min(len(links), max(limit, 0))], b.ready(ctx)
}

// FindKeys implements storage.KeyReader.
func (b *Backend) FindKeys(ctx context.Context, kind, value string, limit int) ([]callgraph.ChainKey, error) {
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	var all []carried
	for writer := range b.writers() {
		all = append(all, decodeCarried(b.commands.Get(valueKey(value, writer)))...)
	}
	keys := b.keysIn(all)
	if kind != "" {
		keys = slices.DeleteFunc(keys, func(k callgraph.ChainKey) bool { return k.Kind != kind })
	}
	return keys[:min(len(keys), max(limit, 0))], nil
}
