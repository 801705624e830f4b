// Command simulate measures verdicts on dependencies against systems whose
// truth is known: how many sites get one, and how many of these are wrong.
//
//	go run ./bench/simulate [flags]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/program"
)

func main() {
	program.Main("bench/simulate", run)
}

type options struct {
	seeds     int
	firstSeed uint64
	chains    int
	rates     program.Numbers
	losses    fractions
	explain   bool
}

func parse(args []string, usage io.Writer) (o options, err error) {
	o.rates, o.losses = program.Numbers{1, 10, 100, 1000}, fractions{0, 0.01, 0.05}
	flags := flag.NewFlagSet("bench/simulate", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.seeds, "seeds", 200, "how many systems")
	flags.Uint64Var(&o.firstSeed, "first-seed", 1, "that of the first system; the others follow")
	flags.IntVar(&o.chains, "chains", 0, "of each system (default: more where fewer are kept)")
	flags.Var(&o.rates, "n", "one of so many successful chains is kept, `N,…`")
	flags.Var(&o.losses, "losses", "parts of the spans that do not arrive, `part,…`")
	flags.BoolVar(&o.explain, "explain", false, "tell each site that got a wrong verdict or none, and why")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.seeds < 1 || o.chains < 0 {
		return o, errors.New("-seeds must be above 0, -chains not below")
	}
	return o, nil
}

// fractions is a flag of parts with commas between them.
type fractions []float64

// String implements flag.Value.
func (f *fractions) String() string {
	var all []string
	for _, one := range *f {
		all = append(all, number(one))
	}
	return strings.Join(all, ",")
}

// Set implements flag.Value.
func (f *fractions) Set(text string) error {
	*f = nil
	for part := range strings.SplitSeq(text, ",") {
		one, err := strconv.ParseFloat(part, 64)
		if err != nil || !(one >= 0 && one < 1) {
			return fmt.Errorf("%q is not a number from 0 to less than 1", part)
		}
		*f = append(*f, one)
	}
	return nil
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	o, err := parse(args, usage)
	if err != nil {
		return err
	}
	results, err := o.measureAll(ctx, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	p := figure.New(out)
	o.report(p, results)
	return p.Err()
}

// measureAll measures the systems, some at a time.
func (o options) measureAll(ctx context.Context, workers int) ([]result, error) {
	perSeed := make([][]result, o.seeds)
	var next counter
	var wait sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wait.Go(func() {
			for i := next.take(); i < o.seeds && errs[w] == nil; i = next.take() {
				perSeed[i], errs[w] = o.measureSeed(ctx, o.firstSeed+uint64(i))
			}
		})
	}
	wait.Wait()
	var all []result
	for _, r := range perSeed {
		all = append(all, r...)
	}
	return all, errors.Join(errs...)
}

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n - 1
}

func (o options) measureSeed(ctx context.Context, seed uint64) (all []result, err error) {
	for _, n := range o.rates {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		r, err := measure(seed, n, o.losses, o.chains)
		if err != nil {
			return all, fmt.Errorf("seed %d, one of %d kept: %w", seed, n, err)
		}
		all = append(all, r...)
	}
	return all, nil
}

func (o options) report(p *figure.Printer, results []result) {
	if o.explain {
		for _, r := range results {
			for _, line := range r.explained {
				p.Note("%s", line)
			}
		}
	}
	var all tally
	for _, r := range results {
		all.add(r.tally)
	}
	all.print(p, "")
	for _, n := range o.rates {
		for _, loss := range o.losses {
			var t tally
			for _, r := range results {
				if r.n == n && r.loss == loss {
					t.add(r.tally)
				}
			}
			t.print(p, fmt.Sprintf("/n=%d/loss=%s", n, number(loss)))
		}
	}
}
