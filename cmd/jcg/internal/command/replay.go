package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlpsend"
	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/replay"
)

const replayLong = `Replay reads OTLP traces from files and sends them to a collector.

A file holds JSON (one document, or one a line) or protobuf (plain, or with a
big-endian uint32 or a varint length before each record), as it is or compressed
with gzip or zstd. All of that is told by content; names do not matter.

The report at the end says what became of each span that was read. The exit code
is 1 if any was refused or not sent. Where the collector goes away, the replay
ends once two requests were given up and none was answered for the time of
--retry (10s at least): at the latest after twice --retry and --timeout.`

type replayFlags struct {
	target      targetFlags
	shift       bool
	rate        rateFlag
	batch       count
	repeat      count
	concurrency count
	retry       period
}

func newReplay(s Surroundings) *cobra.Command {
	f := &replayFlags{
		batch:       count{value: 512, min: 0, max: 1_000_000},
		repeat:      count{value: 1, min: 1, max: 1_000_000},
		concurrency: count{value: 4, min: 1, max: 1024},
		retry:       period{time.Minute},
	}
	c := &cobra.Command{
		Use:   "replay FILE…",
		Short: "Send recorded traces to a collector",
		Long:  replayLong,
		Example: `  jcg replay traces.jsonl.gz
  jcg replay --shift --rate 2000 --repeat 10 traces.zst
  jcg replay --endpoint https://collector.example:4317 --header api-key=… traces.pb`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error { return f.run(c, files, s) },
	}
	f.add(c)
	return c
}

func (f *replayFlags) add(c *cobra.Command) {
	f.target.add(c)
	flags := c.Flags()
	flags.BoolVar(&f.shift, "shift", false, "move times to now: the newest span ends now, or, with --rate recorded, the first record")
	flags.Var(&f.rate, "rate", replay.RateForms)
	flags.Var(&f.batch, "batch", "most spans of a request, 0 to keep the records (either way split below 4 MiB)")
	flags.Var(&f.repeat, "repeat", "how often; each time after the first with fresh IDs")
	flags.Var(&f.concurrency, "concurrency", "requests under way at once")
	flags.Var(&f.retry, "retry", "how long to repeat a request that may be accepted later")
}

func (f *replayFlags) run(c *cobra.Command, files []string, s Surroundings) error {
	found, err := findDumps(files)
	if err != nil {
		return err
	}
	target, err := f.target.target(c, s.Getenv)
	if err != nil {
		return err
	}
	sender, err := otlpsend.New(target)
	if err != nil {
		return err
	}
	return errors.Join(f.replay(c.Context(), found, sender, s), sender.Close())
}

func (f *replayFlags) replay(ctx context.Context, found dumps, sender otlpsend.Sender, s Surroundings) error {
	bar := newProgress(s.Err, f.bytes(found))
	plan := f.plan()
	plan.Records = found.records(&bar.read)
	plan.TooLarge = func(span ptrace.Span, bytes int) { tellTooLarge(s.Err, span, bytes) }
	plan.Sent = bar.sent
	report, err := plan.Run(ctx, sender)
	bar.finish()
	if _, writeErr := report.WriteTo(s.Out); writeErr != nil {
		return fmt.Errorf("write report: %w", writeErr)
	}
	switch {
	case errors.Is(err, context.Canceled) && report.Complete():
		return errInterrupted
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", errInterrupted, report.Err())
	case err != nil:
		return err
	}
	return report.Err()
}

var errInterrupted = errors.New("interrupted before the end of the files")

func (f *replayFlags) plan() replay.Plan {
	return replay.Plan{
		Repeat:      f.repeat.value,
		Shift:       f.shift,
		Rate:        f.rate.value,
		Batch:       f.batch.value,
		Concurrency: f.concurrency.value,
		Retry:       f.retry.value,
	}
}

// bytes is how much will be read: shifting by the newest span reads all twice.
func (f *replayFlags) bytes(found dumps) int64 {
	n := found.bytes * int64(f.repeat.value)
	if f.shift && !f.rate.value.Recorded {
		n *= 2
	}
	return n
}

func tellTooLarge(w io.Writer, s ptrace.Span, bytes int) {
	fmt.Fprintf(w, "jcg: span %s of trace %s is not sent: it needs a request of %d bytes, more than the %d that servers take\n",
		s.SpanID(), s.TraceID(), bytes, replay.MaxRequest)
}
