package edgecount

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func TestTheArrivalTellsTheOpening(t *testing.T) {
	start := callgraph.BucketAt(noon, callgraph.HotWidth).Start
	p := newPast(noon.Add(-10*time.Minute), time.Minute)
	at := func(seconds int64) int64 { return start + seconds }
	p.note(bucketOpening{start, at(200)}, 0)
	p.note(bucketOpening{start, at(0)}, at(50))
	p.note(bucketOpening{start, at(100)}, at(130))

	for _, c := range []struct {
		seconds int
		want    bool
		why     string
	}{
		{-700, true, "all before the checkpoint is final"},
		{-31, false, "too long before the first opening"},
		{-30, true, "a call may arrive before the one that opened the bucket"},
		{25, true, "in the first opening"},
		{65, true, "the store may take its times later"},
		{75, true, "shortly before the second opening"},
		{140, true, "shortly after the second opening"},
		{160, false, "between the second opening and the third"},
		{175, false, "shortly before the third opening, which is open"},
		{500, false, "in the third opening"},
	} {
		call := callgraph.Call{End: noon, Arrival: noon.Add(time.Duration(c.seconds) * time.Second)}
		require.Equal(t, c.want, p.counted(&call), "%d s: %s", c.seconds, c.why)
	}
	other := callgraph.Call{End: noon.Add(time.Hour), Arrival: noon}
	require.False(t, p.counted(&other), "a bucket that nothing is known of")
}

func TestAdjacentOpeningsAreToldApartToTheSecond(t *testing.T) {
	start := callgraph.BucketAt(noon, callgraph.HotWidth).Start
	p := newPast(noon.Add(-10*time.Minute), time.Minute)
	p.note(bucketOpening{start, start}, start+899)
	p.note(bucketOpening{start, start + 900}, 0)
	for seconds, want := range map[int]bool{880: true, 899: true, 900: false, 910: false} {
		call := callgraph.Call{End: noon, Arrival: noon.Add(time.Duration(seconds) * time.Second)}
		require.Equal(t, want, p.counted(&call), seconds)
	}
}

// Some of an opening's cells were made final when the collector fell: none of
// it is final then, and all of it is counted again.
func TestAnOpeningThatIsPartlyFinalIsCountedAgain(t *testing.T) {
	store := newFake()
	store.checkpoint = noon
	counter := New(collector, Options{}, noon)
	for n := range uint64(3) {
		store.writeSpans(request(n, noon), noon)
		counter.Add(request(n, noon), noon)
	}
	later := noon.Add(3 * time.Second)
	store.writeCells(counter.Changed(later))
	final := counter.Seal(later.Add(time.Minute))
	require.Len(t, final, 2)
	store.writeCells(final[:1])

	restart := later.Add(2 * time.Minute)
	counter = New(collector, Options{}, restart)
	done, err := counter.Recount(t.Context(), store, restart)
	require.NoError(t, err)
	require.Equal(t, Recounted{Since: noon.Add(-110 * time.Second), Spans: 9, Calls: 6, Cells: 2}, done)
	store.writeCells(counter.Changed(restart))
	for _, c := range store.cells {
		require.EqualValues(t, 3, c.Calls())
		require.Zero(t, c.Closed)
	}
	store.writeCells(counter.Seal(restart.Add(time.Minute)))
	for _, c := range store.cells {
		require.NotZero(t, c.Closed)
	}
}

func TestAFirstRunLeavesACheckpoint(t *testing.T) {
	store := newFake()
	store.writeSpans(request(1, noon), noon.Add(-time.Hour)) // another's
	counter := New(collector, Options{}, noon)
	done, err := counter.Recount(t.Context(), store, noon)
	require.NoError(t, err)
	require.Zero(t, done)
	require.Equal(t, noon, store.checkpoint)
}

func TestCellsOfOtherWritersAreLeftAlone(t *testing.T) {
	store := newFake()
	store.checkpoint = noon
	other := callgraph.Cell{CellKey: callgraph.CellKey{Bucket: callgraph.BucketAt(noon, callgraph.HotWidth), Opened: noon.Unix(), Writer: callgraph.Writer{ID: collector.ID, Source: callgraph.Counted}}, Sequence: 1, ServerOnly: 5}
	store.writeCells([]callgraph.Cell{other})
	counter := New(collector, Options{}, noon)
	_, err := counter.Recount(t.Context(), store, noon)
	require.NoError(t, err)
	require.Empty(t, counter.Changed(noon))
}
