package edgecount

import (
	"context"
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Changes is a store whose new cells Joined reads.
type Changes interface {
	// Changes is storage.CellReader's.
	Changes(ctx context.Context, after storage.Cursor, yield func([]callgraph.Cell) error) (storage.Cursor, error)
	storage.Checkpoints
}

// maxBehind is how old what Joined has not counted may be: stores sum cells up
// after an hour, and what they hold of a bucket then can't be told.
const maxBehind = 50 * time.Minute

// Joined counts what SDKs counted in a Counter's service graph: it follows a
// store, joins the halves of calls as all readers of it do, and counts a bucket
// once, when it is as old as Options.Open. How far it came is kept in the store,
// so that a restart neither leaves calls out nor counts them again.
//
// It is not safe for concurrent use but for Refused.
type Joined struct {
	counter *Counter
	store   Changes
	writer  callgraph.Writer // of the checkpoint
	accrual *graphview.Accrual
	cursor  storage.Cursor
	ready   []graphview.Accrued
}

// NewJoined goes on where an earlier run of the writer came to.
func NewJoined(ctx context.Context, c *Counter, store Changes, now time.Time) (*Joined, error) {
	w := callgraph.Writer{ID: c.writer.ID, Source: callgraph.Counted}
	since, err := store.Checkpoint(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("read how far SDKs' counts are shown: %w", err)
	}
	if since.IsZero() {
		since = now
		if err := store.SaveCheckpoint(ctx, w, since); err != nil {
			return nil, fmt.Errorf("save from when on SDKs' counts are shown: %w", err)
		}
	}
	if oldest := now.Add(-maxBehind); since.Before(oldest) {
		since = oldest
	}
	j := &Joined{counter: c, store: store, writer: w}
	j.accrual = graphview.NewAccrual(graphview.AccrualOptions{Cells: c.options.MaxCells / 4}, since.Unix(), int64(c.options.Open/time.Second),
		func(a graphview.Accrued) { j.ready = append(j.ready, a) })
	return j, nil
}

// Step takes in what is new, and counts what is old enough. After an error the
// next Step does all of it.
func (j *Joined) Step(ctx context.Context, now time.Time) error {
	cursor, err := j.store.Changes(ctx, j.cursor, func(cells []callgraph.Cell) error {
		j.accrual.Apply(joining(cells))
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what SDKs counted: %w", err)
	}
	j.cursor = cursor
	j.hand()
	until := callgraph.BucketAt(now.Add(-j.counter.options.Open), callgraph.HotWidth).Start
	if until <= j.accrual.Until() {
		return nil
	}
	// Saved before they are shown: after a crash a call may be missing, but none is twice.
	if err := j.store.SaveCheckpoint(ctx, j.writer, time.Unix(until, 0)); err != nil {
		return fmt.Errorf("save how far SDKs' counts are shown: %w", err)
	}
	j.accrual.Count(until)
	j.hand()
	return nil
}

// joining are the cells whose halves wait to be joined, or are counted by SDKs:
// all that the service graph does not get call by call.
func joining(cells []callgraph.Cell) []callgraph.Cell {
	kept := cells[:0]
	for i := range cells {
		if cells[i].Writer.Source == callgraph.Counted || cells[i].Edge.Caller.Node == callgraph.Referred {
			kept = append(kept, cells[i])
		}
	}
	return kept
}

// hand gives the service graph what was counted.
func (j *Joined) hand() {
	j.counter.mu.Lock()
	defer j.counter.mu.Unlock()
	for i := range j.ready {
		a := &j.ready[i]
		j.counter.graph.Count(&edgemetric.Joined{
			Edge:  callgraph.Edge{Caller: a.Caller, Callee: a.Callee, Connection: a.Connection},
			Calls: a.Calls, Failed: a.Errors, Client: a.Client, Server: a.Server,
		})
	}
	j.ready, j.counter.strays = nil, j.accrual.Refused()
}
