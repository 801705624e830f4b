// Package program decides how benchmarks begin and end: they stop when they are
// interrupted, tell an error with their name, and leave no folder behind.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// Main is a benchmark's main function.
func Main(name string, run func(ctx context.Context, args []string, out, usage io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1) //nolint:gocritic // the process ends: nothing is to be stopped
	}
}

// InFolder calls do with a new folder, which is gone afterwards.
func InFolder(do func(folder string) error) error {
	folder, err := os.MkdirTemp("", "jcallgraph-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	return errors.Join(do(folder), os.RemoveAll(folder))
}

// Numbers is a flag of whole numbers above 0 with commas between them.
type Numbers []int

// String implements flag.Value.
func (n *Numbers) String() string {
	var all []string
	for _, one := range *n {
		all = append(all, strconv.Itoa(one))
	}
	return strings.Join(all, ",")
}

// Set implements flag.Value.
func (n *Numbers) Set(text string) error {
	*n = nil
	for part := range strings.SplitSeq(text, ",") {
		one, err := strconv.Atoi(part)
		if err != nil || one < 1 {
			return fmt.Errorf("%q is not a whole number above 0", part)
		}
		*n = append(*n, one)
	}
	return nil
}
