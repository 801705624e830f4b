// Command recount counts the edges of recorded traces a second time, to check
// the collector: it shares no code with the call tree, the joiner or the table.
//
// It holds all spans of all files in memory and joins them by their IDs, once,
// with everything there; the collector pairs them as they stream by. Weights
// (ot=th) and halves that an SDK counted are not its business: each span counts
// one call.
//
//	go run ./internal/recount FILE…
//	go run ./internal/recount --compare http://127.0.0.1:16686 FILE…
//
// The second form compares with what a collector answers that got just these
// files, at the times in them; --from and --to (RFC 3339) are for times that
// were shifted. The exit code is 1 where the edges differ.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "recount:", err)
		os.Exit(1)
	}
}

func run(args []string, out, usage io.Writer) error {
	flags := flag.NewFlagSet("recount", flag.ContinueOnError)
	flags.SetOutput(usage)
	url := flags.String("compare", "", "compare with the collector whose API is at this `URL`")
	from := timeFlag(flags, "from", "start of the collector's window")
	to := timeFlag(flags, "to", "end of the collector's window")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no files")
	}
	spans, err := load(flags.Args())
	if err != nil {
		return err
	}
	counted := count(spans)
	if *url == "" {
		return counted.print(out)
	}
	first, last := window(spans)
	return compare(counted, orTime(*from, first), orTime(*to, last), *url, out)
}

func timeFlag(flags *flag.FlagSet, name, usage string) *time.Time {
	t := new(time.Time)
	flags.Func(name, usage+" (default: the files')", func(s string) (err error) {
		*t, err = time.Parse(time.RFC3339Nano, s)
		return err
	})
	return t
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

func load(files []string) (spans []span, err error) {
	for td, err := range otlpdump.Files(files...) {
		if err != nil {
			return nil, err
		}
		spans = appendSpans(spans, td)
	}
	return spans, nil
}
