package edgecount

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

var (
	noon      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	collector = callgraph.Writer{ID: 7}
)

// fake is a Store that keeps what it is told.
type fake struct {
	log        []arrived
	cells      map[callgraph.CellKey]callgraph.Cell
	checkpoint time.Time
}

type arrived struct {
	at      time.Time
	td      ptrace.Traces
	encoded string
}

func newFake() *fake { return &fake{cells: map[callgraph.CellKey]callgraph.Cell{}} }

// writeSpans knows repeated requests as storage.SpanWriter says.
func (f *fake) writeSpans(td ptrace.Traces, now time.Time) (repeated bool) {
	data, err := new(ptrace.ProtoMarshaler).MarshalTraces(td)
	if err != nil {
		panic(err)
	}
	for i := len(f.log) - 1; i >= 0 && now.Sub(f.log[i].at) <= storage.RepeatWindow; i-- {
		if f.log[i].encoded == string(data) {
			return true
		}
	}
	f.log = append(f.log, arrived{now, td, string(data)})
	return false
}

func (f *fake) writeCells(cells []callgraph.Cell) {
	for _, c := range cells {
		if old, ok := f.cells[c.CellKey]; !ok || old.Sequence < c.Sequence {
			f.cells[c.CellKey] = c
		}
	}
}

func (f *fake) Cells(_ context.Context, w callgraph.Window, yield func([]callgraph.Cell) error) error {
	for _, c := range f.cells {
		if w.Contains(c.Bucket.Window().From) {
			if err := yield([]callgraph.Cell{c}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *fake) Arrived(_ context.Context, since time.Time, yield func(time.Time, ptrace.Traces) error) error {
	for _, a := range f.log {
		if !a.at.Before(since) {
			if err := yield(a.at, a.td); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *fake) WriterID() uint64 { return collector.ID }

func (f *fake) Checkpoint(context.Context, callgraph.Writer) (time.Time, error) {
	return f.checkpoint, nil
}

func (f *fake) SaveCheckpoint(_ context.Context, _ callgraph.Writer, arrival time.Time) error {
	f.checkpoint = arrival
	return nil
}

// request is one trace: web is called from outside and calls cart.
func request(n uint64, end time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	span(td, n, "web", ptrace.SpanKindServer, 1, 0, end)
	span(td, n, "web", ptrace.SpanKindClient, 2, 1, end)
	span(td, n, "cart", ptrace.SpanKindServer, 3, 2, end)
	return td
}

func span(td ptrace.Traces, trace uint64, service string, kind ptrace.SpanKind, id, parent byte, end time.Time) {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var t pcommon.TraceID
	binary.BigEndian.PutUint64(t[8:], trace+1)
	s.SetTraceID(t)
	s.SetSpanID(pcommon.SpanID{7: id})
	if parent != 0 {
		s.SetParentSpanID(pcommon.SpanID{7: parent})
	}
	s.SetKind(kind)
	s.SetName("GET /" + service)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Duration(id) * time.Millisecond)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
}

// halves split a trace, so that its spans come at different times.
func halves(td ptrace.Traces) []ptrace.Traces {
	parts := make([]ptrace.Traces, td.ResourceSpans().Len())
	for i := range parts {
		parts[i] = ptrace.NewTraces()
		td.ResourceSpans().At(i).CopyTo(parts[i].ResourceSpans().AppendEmpty())
	}
	return parts
}

// world is a collector with its store, its senders and its misfortunes.
type world struct {
	*rapid.T
	now     time.Time
	store   *fake
	counter *Counter
	unacked []ptrace.Traces
	traces  uint64
	crashes int
}

func (w *world) start() {
	w.restart()
	for _, td := range w.unacked {
		w.receive(td)
	}
	w.unacked = nil
}

func (w *world) restart() {
	w.counter = New(collector, Options{}, w.now)
	_, err := w.counter.Recount(w.Context(), w.store, w.now)
	require.NoError(w, err)
}

// crash loses all that is not in the store, perhaps again before the senders
// come. They do so within the time for which the store knows what they had sent.
func (w *world) crash() {
	w.crashes++
	w.check()
	w.down()
	if w.draw("falls again", 0, 3) == 0 {
		w.restart()
		w.down()
	}
	w.start()
}

// down is some seconds, mostly, or minutes.
func (w *world) down() {
	most := 8_000
	if w.draw("long downtime", 0, 2) == 0 {
		most = int(storage.RepeatWindow.Milliseconds())/2 - 5_000
	}
	w.now = w.now.Add(time.Duration(w.draw("downtime, ms", 0, most)) * time.Millisecond)
}

// check holds that the joiner takes back only what the table counted.
func (w *world) check() {
	require.Zero(w, w.counter.Stats().Table.RefusedStray)
}

func (w *world) draw(what string, least, most int) int {
	return rapid.IntRange(least, most).Draw(w.T, what)
}

// receive is a request that is acknowledged once it is durable and counted, or
// was before.
func (w *world) receive(td ptrace.Traces) {
	if !w.store.writeSpans(td, w.now) {
		w.counter.Add(td, w.now)
	}
}

// send is a new trace, whole or in parts, for a recent bucket or an old one.
func (w *world) send() {
	end := w.now.Add(-time.Duration(w.draw("age", 0, 3)) * time.Second)
	fate, hours := w.draw("fate", 0, 10), 40
	if fate == 1 {
		hours = int(Lookback/time.Hour) - 1 // what is not in the store is found no further back
	}
	if w.draw("late", 0, 2) == 0 {
		end = noon.Add(-time.Duration(w.draw("hours ago", 0, hours)) * time.Hour)
	}
	td := request(w.traces, end)
	w.traces++
	switch fate {
	case 0: // the crash comes between durable and counted
		w.store.writeSpans(td, w.now)
		w.unacked = append(w.unacked, td)
		w.crash()
	case 1: // or between counted and durable
		w.counter.Add(td, w.now)
		if w.draw("flushed before", 0, 1) == 0 {
			w.now = w.now.Add(time.Duration(w.draw("flushed after, s", 0, 2)) * time.Second)
			w.flush()
		}
		w.unacked = append(w.unacked, td)
		w.crash()
	case 2, 3, 4:
		for _, part := range halves(td) {
			w.receive(part)
			w.pass(w.draw("apart, s", 0, 70))
		}
	case 5: // the acknowledgement is lost
		sent := w.now
		w.receive(td)
		w.pass(w.draw("repeated after, s", 0, 400))
		if w.now.Sub(sent) <= storage.RepeatWindow {
			w.receive(td)
		}
	default:
		w.receive(td)
	}
}

// deliver is false where the collector fell, or the pipeline failed; either
// may leave a part behind.
func (w *world) deliver(cells []callgraph.Cell) bool {
	if len(cells) == 0 {
		return true
	}
	switch w.draw("delivery", 0, 19) {
	case 0:
		w.store.writeCells(cells[:w.draw("durable", 0, len(cells))])
		w.crash()
		return false
	case 1:
		w.store.writeCells(cells[:w.draw("durable", 0, len(cells))])
		w.counter.Requeue(cells)
		return false
	}
	w.store.writeCells(cells)
	return true
}

func (w *world) flush() {
	if !w.deliver(w.counter.Changed(w.now)) {
		return
	}
	if !w.deliver(w.counter.Seal(w.now)) {
		return
	}
	if w.draw("crash before checkpoint", 0, 19) == 0 {
		w.crash()
		return
	}
	w.store.checkpoint = w.counter.Checkpoint(w.now)
}

// pass lets time go by, with a flush every few seconds.
func (w *world) pass(seconds int) {
	for range seconds / 3 {
		w.now = w.now.Add(3 * time.Second)
		w.flush()
	}
	w.now = w.now.Add(time.Duration(seconds%3) * time.Second)
}

// TestNoCrashChangesACount holds that each half of each call that was
// acknowledged is in the store's cells exactly once, whenever the collector
// falls.
func TestNoCrashChangesACount(t *testing.T) {
	crashes := 0
	rapid.Check(t, func(r *rapid.T) {
		w := &world{T: r, now: noon, store: newFake()}
		w.start()
		for range w.draw("steps", 1, 25) {
			w.send()
			w.pass(slices.Max([]int{w.draw("pause", 0, 20), w.draw("long pause", -400, 150)}))
		}
		w.pass(300)
		w.check()
		crashes += w.crashes
		var client, server, entrances uint64
		for _, c := range w.store.cells {
			client += c.Client.Count()
			server += c.Server.Count()
			if c.Edge.Caller.Node == callgraph.Outside {
				entrances += c.Calls()
			}
		}
		require.Equal(r, w.traces, client)
		require.Equal(r, 2*w.traces, server)
		require.Equal(r, w.traces, entrances)
	})
	t.Log(crashes, "crashes")
}
