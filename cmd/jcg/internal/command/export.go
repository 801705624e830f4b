package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/keyapi"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

const exportLong = `Export writes the spans of all chains that carry a business key, or one that is
linked with it, in a form that replay and encode read: OTLP's JSON, one record a
line, or, where the file's name ends in .pb, protobuf with a length before each
record; compressed where it ends in .gz or .zst.`

type exportFlags struct {
	key   keyFlags
	out   string
	links count
}

func newExport(s Surroundings) *cobra.Command {
	f := &exportFlags{links: count{value: 2, min: 0, max: 3}}
	c := &cobra.Command{
		Use:   "export --key KIND=VALUE",
		Short: "Write the spans of a business key to a file",
		Long:  exportLong,
		Example: `  jcg export --key order=4711
  jcg export --key order=4711 --links 0 -o order.jsonl.gz`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c, s) },
	}
	f.key.add(c)
	c.Flags().StringVarP(&f.out, "out", "o", "", "file to write (default: standard output)")
	c.Flags().Var(&f.links, "links", "how many steps links to other keys are followed")
	return c
}

func (f *exportFlags) run(c *cobra.Command, s Surroundings) error {
	client, key, err := f.key.client(c, s.Getenv)
	if err != nil {
		return err
	}
	export := func(w io.Writer) (int, error) { return f.write(c.Context(), w, client, key) }
	if f.out == "" {
		_, err = export(s.Out)
		return err
	}
	spans, err := toFile(f.out, export)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%d spans to %s\n", spans, f.out)
	return err
}

// write returns how many spans it wrote.
func (f *exportFlags) write(ctx context.Context, w io.Writer, client *keyapi.Client, key keyapi.Key) (spans int, err error) {
	dump, err := otlpdump.NewWriter(f.out, w)
	if err != nil {
		return 0, err
	}
	for page, err := range client.Spans(ctx, key, f.links.value) {
		if err == nil {
			spans += page.SpanCount()
			err = writeRecords(dump, page)
		}
		if err != nil {
			return spans, errors.Join(err, dump.Close())
		}
	}
	return spans, dump.Close()
}

// recordSpans is how many spans a record has at least, but for the last: a
// resource's stay together.
const recordSpans = 1000

func writeRecords(dump *otlpdump.Writer, page ptrace.Traces) error {
	record := ptrace.NewTraces()
	for _, rs := range page.ResourceSpans().All() {
		rs.MoveTo(record.ResourceSpans().AppendEmpty())
		if record.SpanCount() < recordSpans {
			continue
		}
		if err := dump.Write(record); err != nil {
			return err
		}
		record = ptrace.NewTraces()
	}
	return dump.Write(record)
}

// toFile leaves a whole file, or none.
func toFile(name string, export func(io.Writer) (int, error)) (spans int, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return 0, fmt.Errorf("create file: %w", err)
	}
	spans, err = export(f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return spans, errors.Join(err, os.Remove(f.Name()))
	}
	return spans, nil
}
