package localtrace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
	"github.com/jcallgraph/jcallgraph/processor/dependency/localtrace"
)

const separator = "----\n"

// TestQuirks runs testdata: a script, then its local traces.
func TestQuirks(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runQuirk(t, file) })
	}
}

func runQuirk(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	input, want, _ := strings.Cut(string(b), separator)
	got := report(localtrace.Of(calltree.Build(treescript.Parse(t, input).Traces(-1))))
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(file, []byte(input+separator+got), 0o644))
		return
	}
	require.Equal(t, want, got)
}

func report(traces []*localtrace.Trace) string {
	var b strings.Builder
	for _, l := range traces {
		whole, stated := l.Whole()
		fmt.Fprintf(&b, "%s: %d spans", l.Root.Operation(), len(l.Spans))
		if stated {
			fmt.Fprintf(&b, ", whole %t", whole)
		}
		b.WriteString("\n")
		for _, c := range l.Calls {
			callee, answered := c.Callee()
			fmt.Fprintf(&b, "  %s, by %s, answered %t\n", c.Site, callee, answered)
		}
	}
	return b.String()
}
