package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/framefile"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

const encodeLong = `Encode writes OTLP traces from files, which are read as replay reads them, as
one stream of compact frames.`

type encodeFlags struct {
	out   string
	batch count
}

func newEncode(s Surroundings) *cobra.Command {
	f := &encodeFlags{batch: count{value: 2048, min: 1, max: 1_000_000}}
	c := &cobra.Command{
		Use:     "encode FILE… -o FILE",
		Short:   "Write recorded traces as compact frames",
		Long:    encodeLong,
		Example: `  jcg encode traces.jsonl.gz -o traces.jcg && jcg dump traces.jcg`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, files []string) error { return f.run(files, s) },
	}
	flags := c.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "file to write; in hexadecimal digits where its name ends in .hex")
	flags.Var(&f.batch, "batch", "spans that are encoded together")
	cobra.CheckErr(c.MarkFlagRequired("out"))
	return c
}

func (f *encodeFlags) run(files []string, s Surroundings) error {
	w, err := framefile.Write(f.out, otlpdump.Files(files...), f.batch.value)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.Out, "%d spans, %d frames, %d bytes, %.1f a span\n", w.Spans, w.Frames, w.Bytes, float64(w.Bytes)/float64(max(w.Spans, 1))); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if w.Refused > 0 {
		return fmt.Errorf("%d spans are larger than a frame may be, and were left out", w.Refused)
	}
	return nil
}
