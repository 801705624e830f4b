// Package wirebench measures what traces cost on their way, for the compact
// format and its peers on the same batches: bench/wire and bench/peers run it.
package wirebench

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/bench/internal/load"
)

type options struct {
	batches []int
	forms   []string
	codecs  []Codec
	reid    bool
	n       int
	runs    int
	profile string
	files   []string
}

var (
	forms    = []string{"gateway", "services"}
	errValue = errors.New("-batches and -n must be positive, -runs at least 1")
)

func parse(args []string, usage io.Writer, codecs []Codec) (o options, err error) {
	flags := flag.NewFlagSet("bench/wire", flag.ContinueOnError)
	flags.SetOutput(usage)
	batches := flags.String("batches", "512,2048,8192", "spans of a batch")
	form := flags.String("forms", strings.Join(forms, ","), "streams: one for all, one a service")
	names := flags.String("codecs", strings.Join(namesOf(codecs), ","), "which to measure")
	flags.BoolVar(&o.reid, "reid", false, "give all codecs the traces with born-short IDs, one process a service instance")
	flags.IntVar(&o.n, "n", 1, "of how many traces one was kept: spreads the numbers of -reid as sampling does")
	flags.IntVar(&o.runs, "runs", 3, "measure so often, and print the least")
	flags.StringVar(&o.profile, "profile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for b := range strings.SplitSeq(*batches, ",") {
		n, err := strconv.Atoi(b)
		if err != nil || n < 1 {
			return o, errValue
		}
		o.batches = append(o.batches, n)
	}
	if o.n < 1 || o.runs < 1 {
		return o, errValue
	}
	o.forms = strings.Split(*form, ",")
	if err := known("-forms", o.forms, forms); err != nil {
		return o, err
	}
	chosen := strings.Split(*names, ",")
	if err := known("-codecs", chosen, namesOf(codecs)); err != nil {
		return o, err
	}
	for _, c := range codecs {
		if slices.Contains(chosen, c.Name) {
			o.codecs = append(o.codecs, c)
		}
	}
	o.files, err = load.Files(flags.Args())
	return o, err
}

func known(flag string, given, accepted []string) error {
	for _, g := range given {
		if !slices.Contains(accepted, g) {
			return fmt.Errorf("%s: %q is none of %s", flag, g, strings.Join(accepted, ", "))
		}
	}
	return nil
}

// Run measures as the arguments say and prints to out. Peers come after the
// codecs that are measured anyway.
func Run(args []string, out, usage io.Writer, peers ...Codec) error {
	o, err := parse(args, usage, append(own(), peers...))
	if err != nil {
		return err
	}
	spans, err := read(o.files)
	if err != nil {
		return err
	}
	if o.reid {
		newIDs(o.n).replace(spans)
	}
	stop, err := profile(o.profile)
	if err != nil {
		return err
	}
	defer stop()
	p := figure.New(out)
	p.Print("spans", float64(spans.count), "spans")
	for _, size := range o.batches {
		for _, form := range o.forms {
			if err := measureAll(p, o, form, size, spans); err != nil {
				return err
			}
		}
	}
	return p.Err()
}

func measureAll(p *figure.Printer, o options, form string, size int, spans recording) error {
	streams := spans.cut(form, size)
	var otlp float64
	for _, c := range o.codecs {
		m, err := measure(c.Open, streams, o.runs)
		if err != nil {
			return fmt.Errorf("%s, %s, batches of %d: %w", c.Name, form, size, err)
		}
		prefix := fmt.Sprintf("%s/%d/%s/", c.Name, size, form)
		m.print(p, prefix)
		if c.Name == "otlp" {
			otlp = m.bytes
		}
		if otlp > 0 && m.bytes > 0 {
			p.Print(prefix+"compression_ratio", otlp/m.bytes, "x")
		}
	}
	return nil
}
