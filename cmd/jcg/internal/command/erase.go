package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/keyapi"
)

const eraseLong = `Erase removes a business key from a collector's store, and every span that
carries it. Keys that are linked with it stay. There is no way back.

The collector must allow it: extension call_graph_query, erase: true. What was
not erased, as after an error, is erased when it is asked again.`

func tellErased(out io.Writer, done keyapi.Erased) error {
	text := fmt.Sprintf("erased %d spans of %d traces\n", done.Spans, done.Traces)
	if done.EdgesLeft+done.SitesLeft > 0 {
		text += fmt.Sprintf("its value is still in the names of operations or services: on %d edges and at %d call sites, until these are too old (edge_retention)\n", done.EdgesLeft, done.SitesLeft)
	}
	_, err := io.WriteString(out, text)
	return err
}

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
			return tellErased(s.Out, done)
		},
	}
	f.add(c)
	return c
}
