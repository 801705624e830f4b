package command

import (
	"fmt"

	"github.com/spf13/cobra"
)

const eraseLong = `Erase removes a business key from a collector's store, and every span that
carries it. Keys that are linked with it stay. There is no way back.

The collector must allow it: extension call_graph_query, erase: true. What was
not erased, as after an error, is erased when it is asked again.`

func newErase(s Surroundings) *cobra.Command {
	f := &keyFlags{}
	c := &cobra.Command{
		Use:     "erase --key KIND=VALUE",
		Short:   "Erase a business key with the spans that carry it",
		Long:    eraseLong,
		Example: `  jcg erase --key order=4711 --environment production`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, key, err := f.client(c, s.Getenv)
			if err != nil {
				return err
			}
			done, err := client.Erase(c.Context(), key)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.Out, "erased %d spans of %d traces\n", done.Spans, done.Traces)
			return err
		},
	}
	f.add(c)
	return c
}
