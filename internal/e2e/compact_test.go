package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/collectortest"
	"github.com/jcallgraph/jcallgraph/wire/client"
	"github.com/jcallgraph/jcallgraph/wire/wirepdata"
)

// compactClient is one stream's sender, which outlives the collectors that it
// leads to.
type compactClient struct {
	*client.Client
	lost chan struct{} // a token where there is no stream; never blocking
}

// compact is a client of the collector at this address, whichever that is.
func (r *run) compact(t *testing.T, o client.Options) compactClient {
	t.Helper()
	if o.Dial == nil {
		o.Dial = func(context.Context) (*grpc.ClientConn, error) {
			return grpc.NewClient(r.Address(portCompact), grpc.WithTransportCredentials(insecure.NewCredentials()))
		}
	}
	c := compactClient{lost: make(chan struct{}, 1)}
	o.MaxPause = time.Second
	o.Report = func(error) {
		select {
		case c.lost <- struct{}{}:
		default:
		}
	}
	c.Client = client.New(o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), collectortest.Patience)
		if t.Failed() {
			cancel() // something may still be under way
		}
		defer cancel()
		if err := c.Shutdown(ctx); !t.Failed() {
			require.NoError(t, err)
		}
	})
	return c
}

func (c compactClient) export(ctx context.Context, td ptrace.Traces) error {
	return c.Send(ctx, wirepdata.NewSource(td))
}

// losesTheStreamBy waits until the client has noticed what was done.
func (c compactClient) losesTheStreamBy(t *testing.T, do func()) {
	t.Helper()
	select {
	case <-c.lost: // another time
	default:
	}
	do()
	select {
	case <-c.lost:
	case <-time.After(collectortest.Patience):
		require.Fail(t, "time is up", "waiting for the client to lose its stream")
	}
}

// ticker is a process that counts: an interval a time, each of one call more
// than the one before.
type ticker struct {
	send  func(context.Context, callgraph.Interval) error
	calls uint64 // that were acknowledged
	ended chan error
}

// tick sends intervals, one after the other, until the context ends; the last
// one until it has arrived.
func (k *ticker) tick(ctx context.Context) {
	k.ended = make(chan error, 1)
	go func() {
		var err error
		for number := uint64(1); ctx.Err() == nil && err == nil; number++ {
			err = k.send(context.WithoutCancel(ctx), intervalOf(number, number))
			k.calls += number
		}
		k.ended <- err
	}()
}

// intervalOf has calls from till to bank.
func intervalOf(number, calls uint64) callgraph.Interval {
	operation := func(service string) callgraph.Operation {
		return callgraph.Operation{Service: callgraph.Service{Name: service}, Name: "pay"}
	}
	cell := callgraph.Cell{CellKey: callgraph.CellKey{
		Edge:   callgraph.Edge{Caller: operation("till"), Callee: operation("bank")},
		Bucket: callgraph.BucketAt(time.Now(), callgraph.HotWidth),
	}, ServerOnly: calls}
	cell.Server.Add(time.Millisecond, calls)
	return callgraph.Interval{Instance: "\x00\x00till\x00e2e", Number: number, Cells: []callgraph.Cell{cell}}
}

// requireTold compares what is stored with what the ticker told.
func (r *run) requireTold(t *testing.T, k *ticker) {
	t.Helper()
	r.Eventually("every interval to be counted once", func(ctx context.Context) error {
		got, err := r.CallsFrom(ctx, "till")
		if err == nil && got["bank"] != k.calls {
			err = fmt.Errorf("calls are %v, must be %d", got, k.calls)
		}
		return err
	})
}

// TestStreamsOutliveCollectors: the collector is killed again and again while
// spans and intervals are under way. The client sends anew what is open, by
// itself, and all is there once.
func TestStreamsOutliveCollectors(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), patient(t)...)
	c := r.compact(t, client.Options{})
	l := loadBy(c.export)
	k := ticker{send: c.SendInterval}
	counting, stop := context.WithCancel(t.Context())
	defer stop()
	k.tick(counting)
	l.until(t.Context(), func() {
		for range 3 {
			l.acknowledged(t, 1+rand.IntN(200))
			r.Stop(syscall.SIGKILL)
			r = r.restart()
		}
		l.acknowledged(t, 50)
	})
	stop()
	require.NoError(t, <-k.ended)
	l.finish(t)
	require.Positive(t, c.Stats().Streams)
	requireStored(t, r, l)
	requireCounted(t, r, l)
	r.requireTold(t, &k)
}

// TestAStalledCollectorLosesNothing: it stands still for longer than its clients
// wait for answers, and goes on with what the first stream brought while they
// have another one.
func TestAStalledCollectorLosesNothing(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), patient(t)...)
	c := r.compact(t, client.Options{AnswerTimeout: 2 * time.Second})
	l := loadBy(c.export)
	l.until(t.Context(), func() {
		for range 2 {
			l.acknowledged(t, 50)
			c.losesTheStreamBy(t, func() { r.Signal(syscall.SIGSTOP) })
			r.Signal(syscall.SIGCONT)
		}
		l.acknowledged(t, 50)
	})
	l.finish(t)
	require.Greater(t, c.Stats().Streams, uint64(1))
	requireStored(t, r, l)
	r.requireWritten(t, l)
	requireCounted(t, r, l)
}

// requireWritten compares what this run of the collector wrote with what was
// acknowledged: none was written twice.
func (r *run) requireWritten(t *testing.T, l *load) {
	t.Helper()
	want := 0
	for _, q := range l.acked {
		want += q.traces().SpanCount()
	}
	got, err := r.Metric(t.Context(), "jcallgraph_storage_spans_written")
	require.NoError(t, err)
	require.EqualValues(t, want, got)
}
