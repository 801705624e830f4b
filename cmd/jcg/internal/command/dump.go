package command

import (
	"github.com/spf13/cobra"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/framedump"
)

const dumpLong = `Dump prints what files of compact frames hold: a line for each frame, and below
it one for each span, each cell of edge counts, or the answer.

A file is one stream: frames, each with its length before it, or, where the
name ends in .hex, one a line in hexadecimal digits. The exit code is 1 where a
frame is refused: the error names it, and what came before is printed.`

func newDump(s Surroundings) *cobra.Command {
	verbose := false
	c := &cobra.Command{
		Use:   "dump FILE…",
		Short: "Print what files of compact frames hold",
		Long:  dumpLong,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			for _, file := range files {
				if err := framedump.File(s.Out, file, verbose); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "with resources, scopes, attributes, events, links and bins")
	return c
}
