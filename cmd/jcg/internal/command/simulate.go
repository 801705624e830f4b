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
	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/simulation"
	"github.com/jcallgraph/jcallgraph/internal/simulate"
)

const simulateLong = `Simulate sends the traces of a system that does not exist: services that call
each other, databases and other companies, that are slow, fail, retry, fall
back and go on, as our SDK would keep them. The same seed makes the same system.

Without --rate the chains lie in the hour before now (--duration) and are sent
at once; with it they begin now, so many a second, until --chains or --duration
are over, where they are given, or Ctrl-C ends them.

With --truth a file tells what is true of the system: which dependencies are
strong and which weak, where each failure began, which traces belong to one
order, and, for each entrance, what is below it.`

type simulateFlags struct {
	target    targetFlags
	seed      uint64
	services  count
	entrances count
	chains    count
	oneIn     count
	rate      bounded
	faults    bounded
	loss      bounded
	stock     bounded
	orders    bounded
	skew      period
	duration  period
	output    string
	truth     string
}

func newSimulate(s Surroundings) *cobra.Command {
	f := &simulateFlags{
		services:  count{value: 12, min: 1, max: simulate.MaxServices},
		entrances: count{value: 0, min: 0, max: simulate.MaxEntrances},
		chains:    count{value: 10_000, min: 0, max: 1_000_000_000},
		oneIn:     count{value: 1, min: 1, max: simulate.MaxOneIn},
		rate:      bounded{max: 1_000_000},
		faults:    bounded{value: 0.01, max: 1},
		loss:      bounded{max: 1},
		stock:     bounded{max: 1},
		orders:    bounded{value: 0.02, max: 1},
	}
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Send the traces of a simulated system whose truth is known",
		Long:  simulateLong,
		Example: `  jcg simulate
  jcg simulate --services 200 --one-in 100 --chains 200000 --truth truth.json
  jcg simulate --rate 50 --duration 10m
  jcg simulate --seed 7 --output traces.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c, s) },
	}
	f.add(c)
	return c
}

func (f *simulateFlags) add(c *cobra.Command) {
	f.target.add(c)
	flags := c.Flags()
	flags.Uint64Var(&f.seed, "seed", 1, "makes the system")
	flags.Var(&f.services, "services", "how many there are")
	flags.Var(&f.entrances, "entrances", "operations that chains begin at (default: one for eight services, at least 5)")
	flags.Var(&f.chains, "chains", "how many (with --rate: no end, unless given)")
	flags.Var(&f.rate, "rate", "chains a second, from now on; 0: all at once, as if they had been before")
	flags.Var(&f.duration, "duration", "without --rate, the time before now that the chains lie in (default 1h); with it, when they end")
	flags.Var(&f.oneIn, "one-in", "of so many successful chains one is kept, as by our SDK")
	flags.Var(&f.faults, "faults", "part of the calls that fail by themselves, about")
	flags.Var(&f.loss, "loss", "part of the spans that do not arrive: half of them one by one, half in whole batches")
	flags.Var(&f.skew, "skew", "how much clocks are wrong at most")
	flags.Var(&f.stock, "stock-share", "part of the services whose SDK is not ours")
	flags.Var(&f.orders, "orders", "part of the chains that begin an order; others follow it for hours, with the same keys")
	flags.StringVar(&f.output, "output", "", "write a file that jcg replay reads, instead of sending; lines of JSON where its name ends in .json or .jsonl")
	flags.StringVar(&f.truth, "truth", "", "write what is true of the system into this file, as JSON")
}

func (f *simulateFlags) options() simulate.Options {
	return simulate.Options{
		Seed: f.seed, Services: f.services.value, Entrances: f.entrances.value, OneIn: f.oneIn.value, FaultRate: f.faults.value,
		SpanLoss: f.loss.value / 2, BatchLoss: f.loss.value / 2, Skew: f.skew.value, StockShare: f.stock.value,
		OrderShare: f.orders.value, Tables: f.truth != "",
	}
}

// plan: the default number of chains is for those that are sent at once. Whoever
// asks for a rate alone watches, and ends it.
func (f *simulateFlags) plan(chainsGiven bool) simulation.Plan {
	p := simulation.Plan{Chains: f.chains.value, Rate: f.rate.value, Duration: f.duration.value}
	if p.Rate > 0 && !chainsGiven {
		p.Chains = 0
	}
	return p
}

func (f *simulateFlags) run(c *cobra.Command, s Surroundings) error {
	plan := f.plan(c.Flags().Changed("chains"))
	if err := plan.Validate(); err != nil {
		return err
	}
	if f.output != "" && c.Flags().Changed("endpoint") {
		return errors.New("--output and --endpoint: want one of them")
	}
	if f.truth != "" { // to be told now that it can't be written, not after the last chain
		if err := simulation.WriteTruth(f.truth, simulate.Truth{}); err != nil {
			return fmt.Errorf("--truth: %w", err)
		}
	}
	o := f.options()
	plan.Begin(&o, time.Now())
	system, err := simulate.New(o)
	if err != nil {
		return err
	}
	if f.output != "" {
		err = f.write(c.Context(), plan, system, s.Out)
	} else {
		err = f.send(c, plan, system, s)
	}
	tellCounts(s.Out, system.Counts())
	if f.truth != "" {
		err = errors.Join(err, simulation.WriteTruth(f.truth, system.Truth()))
	}
	return err
}

func (f *simulateFlags) write(ctx context.Context, plan simulation.Plan, system *simulate.System, out io.Writer) error {
	w, err := simulation.WriteFile(f.output, plan.Records(ctx, system))
	fmt.Fprintf(out, "%d spans in %d records, %d bytes\n", w.Spans, w.Records, w.Bytes)
	return err
}

func (f *simulateFlags) send(c *cobra.Command, plan simulation.Plan, system *simulate.System, s Surroundings) error {
	target, err := f.target.target(c, s.Getenv)
	if err != nil {
		return err
	}
	sender, err := otlpsend.New(target)
	if err != nil {
		return err
	}
	sending := replay.Plan{
		Records: plan.Records(c.Context(), system), Repeat: 1, Batch: 512, Concurrency: 4, Retry: time.Minute,
		TooLarge: func(span ptrace.Span, bytes int) { tellTooLarge(s.Err, span, bytes) },
	}
	report, err := sending.Run(c.Context(), sender)
	if _, writeErr := report.WriteTo(s.Out); writeErr != nil {
		err = errors.Join(err, fmt.Errorf("write report: %w", writeErr))
	}
	switch {
	case errors.Is(err, context.Canceled) && len(report.Refused) == 0: // Ctrl-C is how a simulation ends
		err = nil
	case err == nil:
		err = report.Err()
	}
	return errors.Join(err, sender.Close())
}

func tellCounts(w io.Writer, c simulate.Counts) {
	fmt.Fprintf(w, "simulated %d chains, %d of which failed: %d spans, %d kept, %d of those lost\n", c.Chains, c.Failed, c.Made, c.Kept, c.Lost)
}
