package wholechain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

const separator = "----\n"

func newJudge() *judge {
	return &judge{
		options: Options{InjectedKeys: []string{"jcg.injected"}}.orDefaults(),
		answers: newAnswers(10),
	}
}

// TestQuirks runs testdata: a script, then what the chain tells when it was
// chosen for its failure, and when it was chosen whatever happened in it. The
// traces of scripts meet a threshold of 1.
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
	var got strings.Builder
	for _, fair := range []bool{false, true} {
		tree := calltree.Build(treescript.Parse(t, input).Traces(-1))
		records, refusal := newJudge().judge(tree, fair)
		if refusal != None {
			fmt.Fprintf(&got, "fair %t: %s\n", fair, refusal)
			continue
		}
		fmt.Fprintf(&got, "fair %t\n", fair)
		for _, r := range records {
			writeRecord(&got, r)
		}
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(file, []byte(input+separator+got.String()), 0o644))
		return
	}
	require.Equal(t, want, got.String())
}

func writeRecord(b *strings.Builder, r strength.Record) {
	fmt.Fprintf(b, "  %s %s\n", r.Site, r.Source)
	writeTally(b, "ok", r.Evidence.ChainOK)
	for class, t := range r.Evidence.ChainFailed {
		writeTally(b, strength.Class(class).String(), t)
	}
	for _, c := range r.Evidence.Callees {
		fmt.Fprintf(b, "    by %s in %d\n", c.Operation, c.Chains)
	}
	for _, e := range r.Evidence.Entrances {
		fmt.Fprintf(b, "    from %s in %d, failed in %d and with it in %d\n", e.Operation, e.Chains, e.Failed, e.RootFailed)
	}
}

func writeTally(b *strings.Builder, what string, t strength.Tally) {
	if t.Seen > 0 {
		fmt.Fprintf(b, "    %s %d: went on %d, survived %d, went on and failed %d\n", what, t.Seen, t.Went, t.Survived, t.WentAndFailed)
		if t.Beside > 0 {
			fmt.Fprintf(b, "      beside another failure %d, of which survived %d\n", t.Beside, t.BesideSurvived)
		}
	}
}
