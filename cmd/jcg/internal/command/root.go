// Package command is the command line of jcg: it decides which flags there are
// and what they accept; what they do is decided elsewhere.
package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Surroundings are what a command sees of the process.
type Surroundings struct {
	Context context.Context // ends when the user asks to stop
	Out     io.Writer
	Err     io.Writer
	Getenv  func(string) string
}

// Process are the surroundings of this process. The first interrupt ends the
// context, a second one the process.
func Process() Surroundings {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return Surroundings{Context: ctx, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}
}

// Run executes a command line and returns the exit code.
func Run(args []string, s Surroundings) int {
	root := newRoot(s)
	root.SetArgs(args)
	if err := root.ExecuteContext(s.Context); err != nil {
		fmt.Fprintln(s.Err, "jcg:", err)
		return 1
	}
	return 0
}

func newRoot(s Surroundings) *cobra.Command {
	root := &cobra.Command{
		Use:           "jcg",
		Short:         "The command-line tool of JCallGraph",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.AddCommand(newReplay(s), newSimulate(s), newEncode(s), newDump(s), newExport(s), newErase(s), newVersion())
	return root
}
