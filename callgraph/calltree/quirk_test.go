package calltree_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/textcase"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

// TestQuirks runs testdata: a script, then what it gives: the tree, its
// problems, the calls, and where spans arrive at different times, what the
// joiner yields when.
func TestQuirks(t *testing.T) {
	textcase.Run(t, "testdata/*.txt", report)
}

func report(t *testing.T, input string) string {
	s := treescript.Parse(t, input)
	tree := calltree.Build(s.Traces(-1))
	require.Equal(t, len(s.Spans), tree.Len())
	var b strings.Builder
	writeTree(&b, tree)
	writeLines(&b, "problems", problemLines(tree))
	settled := callLines(tree.Calls())
	writeLines(&b, "calls", settled)
	yielded, calls := stream(s)
	if len(s.Arrivals()) > 1 {
		writeLines(&b, "stream", yielded)
	} else {
		require.Equal(t, settled, callLines(calls), "the joiner's calls are the tree's")
	}
	return b.String()
}

func writeTree(b *strings.Builder, tree *calltree.Tree) {
	b.WriteString("tree\n")
	for depth, n := range tree.Walk() {
		outcome, source := n.Outcome()
		fmt.Fprintf(b, "  %s%s %s %q %s", strings.Repeat("  ", depth), n.Service, strings.ToLower(n.Span.Kind().String()), n.Span.Name(), outcome)
		if source != "" {
			fmt.Fprintf(b, " by %s", source)
		}
		b.WriteString("\n")
	}
}

func writeLines(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	b.WriteString(title + "\n")
	for _, l := range lines {
		b.WriteString("  " + l + "\n")
	}
}

func problemLines(tree *calltree.Tree) (lines []string) {
	for _, p := range tree.Problems() {
		lines = append(lines, p.String())
	}
	return lines
}

// callLines merges calls that differ only in their times.
func callLines(calls []callgraph.Call) (lines []string) {
	for _, c := range calls {
		lines = append(lines, callLine(c))
	}
	slices.Sort(lines)
	merged := lines[:0]
	for i := 0; i < len(lines); {
		n := 1
		for i+n < len(lines) && lines[i+n] == lines[i] {
			n++
		}
		line := lines[i]
		if n > 1 {
			line = fmt.Sprintf("%d × %s", n, line)
		}
		merged = append(merged, line)
		i += n
	}
	return merged
}

func callLine(c callgraph.Call) string {
	parts := []string{c.Edge.String()}
	parts = appendHalf(parts, "client", c.Client)
	parts = appendHalf(parts, "server", c.Server)
	if c.Queue != 0 {
		parts = append(parts, "queue "+c.Queue.String())
	}
	if !c.WeightUnknown {
		parts = append(parts, fmt.Sprintf("weight %.4g", c.Weight))
	}
	if c.Site != 0 {
		parts = append(parts, "counted as "+c.Counted().String())
	}
	if c.Provisional {
		parts = append(parts, "provisional")
	}
	return strings.Join(parts, ", ")
}

func appendHalf(parts []string, side string, h callgraph.Half) []string {
	if !h.Seen {
		return parts
	}
	s := fmt.Sprintf("%s %s %s", side, h.Outcome, h.Duration)
	if h.Counted {
		s += " counted"
	}
	return append(parts, s)
}

// stream adds the script's spans when they arrive and asks every half second.
func stream(s *treescript.Script) (lines []string, settled []callgraph.Call) {
	j := calltree.NewJoiner(calltree.Options{})
	times := s.Arrivals()
	var yielded []callgraph.Call
	for at := time.Duration(0); at <= times[len(times)-1]+time.Minute; at += time.Second / 2 {
		if slices.Contains(times, at) {
			j.Add(s.Traces(at), treescript.Epoch.Add(at))
		}
		for _, c := range j.Expire(treescript.Epoch.Add(at)) {
			yielded = append(yielded, c)
			sign := "+"
			if c.Retracted {
				sign = "-"
			}
			lines = append(lines, fmt.Sprintf("%4.1fs %s %s", at.Seconds(), sign, callLine(c)))
		}
	}
	return lines, calltree.Settled(yielded)
}
