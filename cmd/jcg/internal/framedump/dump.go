// Package framedump decides how compact frames look to people: a line for each
// frame, and below it one for each span, cell or answer that it holds.
package framedump

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/framefile"
	"github.com/jcallgraph/jcallgraph/wire"
)

// File prints a file's frames up to the end or the first error. Verbose prints
// attributes, events, links, scopes and the bins of sketches, too.
func File(to io.Writer, name string, verbose bool) error {
	p := &printer{Writer: bufio.NewWriter(to), verbose: verbose}
	err := p.file(name)
	if err := p.Flush(); err != nil {
		return fmt.Errorf("print frames: %w", err)
	}
	return err
}

type printer struct {
	*bufio.Writer // keeps the first error until it is flushed
	verbose       bool
	scope         *wire.Template // the last that was printed of the frame
	total         struct{ frames, spans, intervals, bytes int }
}

func (p *printer) file(name string) error {
	d := wire.NewDecoder()
	for f, err := range framefile.Read(name) {
		if err != nil {
			return err
		}
		if err := p.frame(f, d); err != nil {
			return f.Wrap(name, err)
		}
	}
	t := p.total
	p.linef(0, "%d frames, %d spans, %d intervals, %d bytes", t.frames, t.spans, t.intervals, t.bytes)
	return nil
}

func (p *printer) frame(f framefile.Frame, d *wire.Decoder) error {
	if wire.IsControl(f.Bytes) {
		return p.control(f)
	}
	h, err := wire.ParseHeader(f.Bytes)
	if err != nil {
		return err
	}
	p.header(f, h)
	p.scope = nil
	if err := d.Decode(f.Bytes, p); err != nil {
		return err
	}
	p.total.frames++
	p.total.bytes += len(f.Bytes)
	return nil
}

func (p *printer) header(f framefile.Frame, h wire.Header) {
	what := fmt.Sprintf("%d spans", h.Spans)
	if h.Interval {
		what = "interval"
	}
	if h.Reset {
		what += ", reset"
	}
	p.linef(0, "frame %d at byte %d: number %d, %s, %d bytes (%d coded, %d raw)", f.Place, f.At, h.Number, what, len(f.Bytes), h.Coded, h.Raw)
}

func (p *printer) control(f framefile.Frame) error {
	c, known, err := wire.ParseControl(f.Bytes)
	if err != nil {
		return err
	}
	p.total.frames++
	p.total.bytes += len(f.Bytes)
	p.linef(0, "frame %d at byte %d: %s, %d bytes", f.Place, f.At, answer(c, known, f.Bytes[1]), len(f.Bytes))
	return nil
}

func answer(c wire.Control, known bool, kind byte) string {
	if !known {
		return fmt.Sprintf("control of unknown kind %d", kind)
	}
	switch c.Answer {
	case wire.Stored:
		return fmt.Sprintf("stored up to number %d", c.Number)
	case wire.Refused:
		return fmt.Sprintf("number %d refused, %s %q", c.Number, c.Code, c.Why)
	case wire.Later:
		return fmt.Sprintf("number %d later, in %v", c.Number, c.Wait)
	case wire.Rejected:
	}
	return fmt.Sprintf("number %d rejected %q", c.Number, c.Why)
}

// Interval implements wire.Sink.
func (p *printer) Interval(i callgraph.Interval) {
	p.total.intervals++
	p.linef(1, "interval %d of %q, %d cells", i.Number, i.Instance, len(i.Cells))
	for at := range i.Cells {
		p.cell(&i.Cells[at])
	}
}

func (p *printer) cell(c *callgraph.Cell) {
	text := fmt.Sprintf("%s %ds %q %s calls %d", time.Unix(c.Bucket.Start, 0).UTC().Format(time.RFC3339), c.Bucket.Width, c.Edge.String(), c.Outcome, c.Calls())
	for _, s := range sketches(c) {
		if n := s.Count(); n > 0 {
			text += fmt.Sprintf(" %s %d p50 %v p99 %v", s.name, n, rounded(s.Quantile(0.5)), rounded(s.Quantile(0.99)))
		}
	}
	for _, n := range []struct {
		name  string
		value uint64
	}{{"server only", c.ServerOnly}, {"provisional", c.Provisional}, {"weight unknown", c.WeightUnknown}} {
		if n.value > 0 {
			text += fmt.Sprintf(" %s %d", n.name, n.value)
		}
	}
	if c.Folded {
		text += " folded"
	}
	p.linef(2, "%s", text)
	if p.verbose {
		p.sketches(c)
	}
}

// rounded is a duration to three digits: a sketch knows no more.
func rounded(d time.Duration) time.Duration {
	step := time.Duration(1)
	for d >= 1000*step {
		step *= 10
	}
	return d.Round(step)
}

type namedSketch struct {
	name string
	*callgraph.Sketch
}

func sketches(c *callgraph.Cell) [3]namedSketch {
	return [3]namedSketch{{"client", &c.Client}, {"server", &c.Server}, {"queue", &c.Queue}}
}

func (p *printer) sketches(c *callgraph.Cell) {
	for _, s := range sketches(c) {
		if s.Count() == 0 {
			continue
		}
		text := fmt.Sprintf("%s: sum %v, zero %d", s.name, s.Sum(), s.Zero)
		for _, b := range s.Bins {
			text += fmt.Sprintf(", bin %d %d", b.Index, b.Count)
		}
		p.linef(3, "%s", text)
	}
}

// linef prints one, as deep as its meaning is. An error stays for Flush.
func (p *printer) linef(depth int, format string, args ...any) {
	for range depth {
		_, _ = p.WriteString("  ")
	}
	_, _ = fmt.Fprintf(p, format+"\n", args...)
}
