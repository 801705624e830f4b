package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/load"
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// errLost says that the collector did not keep what it acknowledged.
var errLost = errors.New("acknowledged and not stored")

// verify reads the store of a collector that has ended: every acknowledged span
// must be there, once, and every call counted.
func (b *bench) verify(ctx context.Context, suffix string, r load.Recording, m measured) error {
	found, err := b.stored(ctx, m.store)
	if err != nil {
		return err
	}
	missing := r.Missing(m.Outcome, found.spans)
	b.Print("lost_spans"+suffix, float64(missing), "spans")
	b.Print("stored_twice"+suffix, float64(found.spans.Rows-m.Spans), "spans")
	want, err := b.recount(ctx)
	if err != nil {
		return err
	}
	want *= len(m.Variants)
	b.Print("edge_calls_counted"+suffix, float64(found.calls), "calls")
	b.Print("edge_calls_expected"+suffix, float64(want), "calls")
	if missing > 0 || found.calls != want {
		return fmt.Errorf("%w: %d spans, %d calls", errLost, missing, want-found.calls)
	}
	return nil
}

// found is what a store holds.
type found struct {
	spans load.Stored
	calls int
}

func (b *bench) stored(ctx context.Context, folder string) (f found, err error) {
	store, err := pebble.Open(pebble.Options{Directory: folder})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if f.spans, err = load.ReadStored(ctx, store); err != nil {
		return f, err
	}
	f.calls, err = calls(ctx, store)
	return f, err
}

// calls adds up all cells.
func calls(ctx context.Context, cells storage.CellReader) (n int, err error) {
	all := callgraph.Window{From: time.Unix(0, 0), To: time.Now().Add(24 * time.Hour)}
	err = cells.Cells(ctx, all, func(batch []callgraph.Cell) error {
		for i := range batch {
			n += int(batch[i].Calls())
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("read stored cells: %w", err)
	}
	return n, nil
}

var recounted = regexp.MustCompile(`(?m)^# .* calls=(\d+) `)

// recount asks the program that counts a recording's edges in another way. It is
// found from within the module only.
func (b *bench) recount(ctx context.Context) (calls int, err error) {
	const program = "github.com/jcallgraph/jcallgraph/internal/recount"
	output, err := exec.CommandContext(ctx, "go", append([]string{"run", program}, b.files...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return 0, fmt.Errorf("recount edges: %w: %s", err, exit.Stderr)
	}
	if err != nil {
		return 0, fmt.Errorf("recount edges: %w", err)
	}
	sum := recounted.FindSubmatch(output)
	if sum == nil {
		return 0, errors.New("recount edges: no sum in its output")
	}
	return strconv.Atoi(string(sum[1]))
}
