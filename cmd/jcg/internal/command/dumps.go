package command

import (
	"fmt"
	"iter"
	"os"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

// dumps are the files of a command line.
type dumps struct {
	names []string
	bytes int64
}

// findDumps sees that each file is there and can be read more than once.
func findDumps(names []string) (dumps, error) {
	d := dumps{names: names}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return d, fmt.Errorf("find dump: %w", err)
		}
		if !info.Mode().IsRegular() {
			return d, fmt.Errorf("%s is no regular file", name)
		}
		d.bytes += info.Size()
	}
	return d, nil
}

// records yields the files' records and counts the bytes read of the files.
func (d dumps) records(read *atomic.Int64) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		for _, name := range d.names {
			if !yieldDump(name, read, yield) {
				return
			}
		}
	}
}

func yieldDump(name string, read *atomic.Int64, yield func(ptrace.Traces, error) bool) bool {
	f, err := os.Open(name)
	if err != nil {
		yield(ptrace.Traces{}, fmt.Errorf("open dump: %w", err))
		return false
	}
	defer f.Close() // opened for reading: nothing to lose
	r, err := otlpdump.NewReader(name, counting{f, read})
	if err != nil {
		yield(ptrace.Traces{}, err)
		return false
	}
	defer r.Close()
	for td, err := range r.All() {
		if !yield(td, err) || err != nil {
			return false
		}
	}
	return true
}
