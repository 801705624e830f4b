package memory

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// entry is what the journal says of one request's spans of one trace: an index
// for searches and a log of arrivals in one.
type entry struct {
	Trace   pcommon.TraceID
	Arrival int64 // Unix nanoseconds, rising
	Oldest  int64 // start of the spans, Unix nanoseconds
	Newest  int64
	Offset  uint32 // of the frame in the trace's value
	Length  uint32
}

const entrySize = 16 + 3*8 + 2*4

// located is an entry with the writer whose value it points into.
type located struct {
	entry
	writer string
}

// segmentBytes bounds the value that each write of the journal rewrites.
const segmentBytes = 1000 * entrySize

// traceRetention outlives the journal's hour by the hour that it may be young.
func (b *Backend) traceRetention() time.Duration { return b.options.Retention + time.Hour }

func journalKey(h hour, writer string, segment int) string {
	return fmt.Sprintf("journal:%d:%s:%d", h, writer, segment)
}

func spansKey(h hour) string { return fmt.Sprintf("spans:%d", h) }

// appendJournal makes entries findable; their frames were written before.
func (b *Backend) appendJournal(now time.Time, entries []byte) error {
	h, writer := hourAt(now), hex(b.writer)
	segments, err := strconv.Atoi(string(b.commands.HGet(spansKey(h), writer)))
	if err != nil || segments == 0 {
		b.dropOldHours(h)
		segments = 1
	}
	segment := b.commands.Get(journalKey(h, writer, segments))
	if len(segment) >= segmentBytes {
		segment = nil
		segments++
	}
	if err := b.commands.SetEx(journalKey(h, writer, segments), b.traceRetention(), join(segment, entries)); err != nil {
		return err
	}
	return b.commands.HSet(spansKey(h), writer, []byte(strconv.Itoa(segments)))
}

// dropOldHours deletes the hashes that retention has passed: they can't
// expire. A day's worth makes up for a writer that was away.
func (b *Backend) dropOldHours(h hour) {
	for ago := hour(1); ago <= 24; ago++ {
		b.commands.Del(spansKey(h - ago - hoursIn(b.options.Retention)))
		b.commands.Del(edgesKey(h - ago - hoursIn(b.options.EdgeRetention)))
	}
}

// hoursIn rounds up: a part of an hour reaches into the hour before.
func hoursIn(d time.Duration) hour { return hour((d + time.Hour - 1) / time.Hour) }

// journal returns the entries of all writers that arrived within retention
// and at or after since.
func (b *Backend) journal(since time.Time) ([]located, error) {
	var all []located
	for _, h := range hours(b.options.Retention) {
		if h < hourAt(since) {
			continue
		}
		for writer, n := range b.commands.HGetAll(spansKey(h)) {
			segments, err := strconv.Atoi(string(n))
			if err != nil {
				return nil, fmt.Errorf("read %s of writer %s: %w", spansKey(h), writer, err)
			}
			for s := 1; s <= segments; s++ {
				all = decodeJournal(all, b.commands.Get(journalKey(h, writer, s)), writer)
			}
		}
	}
	return b.retained(all, since), nil
}

func decodeJournal(all []located, segment []byte, writer string) []located {
	for ; len(segment) >= entrySize; segment = segment[entrySize:] {
		e := located{writer: writer}
		if _, err := binary.Decode(segment, binary.BigEndian, &e.entry); err != nil {
			break // can't be: the entry has a fixed size
		}
		all = append(all, e)
	}
	return all
}

func (b *Backend) retained(all []located, since time.Time) []located {
	oldest := max(time.Now().Add(-b.options.Retention).UnixNano(), nanos(since))
	kept := all[:0]
	for _, e := range all {
		if e.Arrival >= oldest {
			kept = append(kept, e)
		}
	}
	return kept
}

// writers are all that announced spans within retention.
func (b *Backend) writers() map[string]bool {
	ws := map[string]bool{}
	for _, h := range hours(b.options.Retention) {
		for writer := range b.commands.HGetAll(spansKey(h)) {
			ws[writer] = true
		}
	}
	return ws
}

// nanos is Unix nanoseconds; times that they cannot tell are the nearest that
// they can.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// join never writes into the array of the first: values are shared.
func join(a, b []byte) []byte { return append(a[:len(a):len(a)], b...) }
