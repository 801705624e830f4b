package command

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/replay"
)

// progress shows how much of the files was read and what was accepted. Without
// a terminal it shows nothing.
type progress struct {
	bar  *progressbar.ProgressBar
	read atomic.Int64
}

func newProgress(w io.Writer, bytes int64) *progress {
	if !isTerminal(w) {
		return &progress{}
	}
	return &progress{bar: progressbar.NewOptions64(bytes,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *progress) sent(r replay.Report) {
	if p.bar == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("%d spans accepted", r.Accepted))
	_ = p.bar.Set64(p.read.Load()) // drawing is no reason to stop
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// counting counts what is read through it.
type counting struct {
	io.Reader
	n *atomic.Int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}
