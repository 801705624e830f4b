// Package figure prints what a benchmark measured: one "name value unit" a
// line. Lines that begin with # are for people.
package figure

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// Printer writes figures as they are known. It is not safe for concurrent use.
type Printer struct {
	w   io.Writer
	err error
}

// New prints to w.
func New(w io.Writer) *Printer { return &Printer{w: w} }

// Print writes one figure; whole numbers without a fraction, others to four
// digits.
func (p *Printer) Print(name string, value float64, unit string) {
	p.line(fmt.Sprintf("%s %s %s", name, format(value), unit))
}

// Note writes a line for people.
func (p *Printer) Note(text string, args ...any) { p.line("# " + fmt.Sprintf(text, args...)) }

// Write passes lines for people on from elsewhere.
func (p *Printer) Write(b []byte) (int, error) { return p.w.Write(b) }

// Err is the first error of writing.
func (p *Printer) Err() error { return p.err }

func (p *Printer) line(s string) {
	if _, err := fmt.Fprintln(p.w, s); err != nil && p.err == nil {
		p.err = fmt.Errorf("print figures: %w", err)
	}
}

func format(v float64) string {
	if v == float64(int64(v)) || v >= 10_000 || v <= -10_000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// MB is bytes in units of a million.
func MB(bytes int64) float64 { return float64(bytes) / 1e6 }

// Milliseconds of a duration.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// P99 is the 99th percentile: the duration that one in a hundred is longer
// than; 0 of none.
func P99(took []time.Duration) time.Duration { return percentile(took, 99) }

// Median is the duration that half are longer than; 0 of none.
func Median(took []time.Duration) time.Duration { return percentile(took, 50) }

func percentile(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}
