// Command ids measures how often two chains get the same trace ID, and how
// evenly the IDs of one millisecond are spread.
//
//	go run ./bench/ids [flags]
//
// It makes the IDs of a whole day, millisecond by millisecond, as so many
// processes would; and, since a day has less than one collision, those of a
// time in which far more chains begin per millisecond.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench/ids:", err)
		os.Exit(1)
	}
}

type options struct {
	chains    int // a day
	millis    int // of a day: a test's is shorter
	processes int
	density   int
	spread    int
}

func parse(args []string, usage io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench/ids", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.chains, "chains", 500_000_000, "chains of a day")
	flags.IntVar(&o.processes, "processes", 1000, "processes that begin them")
	flags.IntVar(&o.density, "density", 1000, "how many days' chains begin in the denser time")
	flags.IntVar(&o.spread, "spread", 4_000_000, "IDs of the one millisecond whose spread is measured")
	o.millis = millisPerDay
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.chains < 1 || o.processes < 1 || o.density < 1 || o.spread < 256*100 {
		return o, errors.New("-chains, -processes and -density must be at least 1, -spread at least 25600")
	}
	return o, nil
}

func run(args []string, out, usage io.Writer) error {
	o, err := parse(args, usage)
	if err != nil {
		return err
	}
	return o.print(out)
}

func (o options) print(out io.Writer) error {
	p := figure.New(out)
	p.Print("chains_per_day", float64(o.chains), "chains")
	p.Print("processes", float64(o.processes), "processes")
	fleet := newFleet(o.processes)
	o.day(p, fleet)
	o.dense(p, fleet)
	return errors.Join(o.even(p, fleet), p.Err())
}

const millisPerDay = 24 * 60 * 60 * 1000

// day makes every ID of a day.
func (o options) day(p *figure.Printer, f *fleet) {
	perMilli := float64(o.chains) / float64(o.millis)
	collided := f.collisions(perMilli, o.millis)
	p.Print("day_chains", float64(f.made), "chains")
	p.Print("day_chains_collided", float64(collided), "chains")
	p.Print("collisions_per_million_computed", 1e6*collisionRate(perMilli), "chains")
	p.Note("the paper has one in a million")
}

// dense makes as many IDs in a part of the time, and scales what it counts
// back: how likely a chain is to collide grows with how many begin beside it.
func (o options) dense(p *figure.Printer, f *fleet) {
	perMilli := float64(o.chains) / float64(o.millis) * float64(o.density)
	collided := f.collisions(perMilli, max(o.millis/o.density, 1))
	scale := collisionRate(perMilli) / collisionRate(perMilli/float64(o.density))
	measured := float64(collided) / float64(f.made)
	p.Print("dense_chains_per_ms", perMilli, "chains")
	p.Print("dense_chains_collided", float64(collided), "chains")
	p.Print("collisions_per_million_measured", 1e6*measured/scale, "chains")
	p.Print("measured_vs_computed", measured/collisionRate(perMilli), "ratio")
	p.Print("measured_vs_computed_error", 1/math.Sqrt(math.Max(float64(collided)/2, 1)), "ratio")
}

// collisionRate is how likely a chain shares its ID: another one begins in its
// millisecond (perMilli of them, by chance) with the same 32 bits.
func collisionRate(perMilli float64) float64 { return -math.Expm1(-perMilli / (1 << 32)) }
