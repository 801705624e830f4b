package failure_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/callgraph/failure"
	"github.com/jcallgraph/jcallgraph/internal/textcase"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

// TestCases runs testdata: a chain, then its origins.
func TestCases(t *testing.T) {
	textcase.Run(t, "testdata/*.txt", func(t *testing.T, in string) string {
		return origins(calltree.Build(treescript.Parse(t, in).Traces(-1)))
	})
}

func origins(tree *calltree.Tree) string {
	var b strings.Builder
	for _, f := range failure.Origins(tree) {
		fmt.Fprintf(&b, "%s %q %s by %s", f.Node.Service, f.Node.Span.Name(), f.Outcome, f.Source)
		for _, part := range []struct{ name, value string }{{"type", f.Type}, {"message", f.Message}, {"peer", f.Peer}} {
			if part.value != "" {
				fmt.Fprintf(&b, ", %s %q", part.name, part.value)
			}
		}
		if f.Waiter != nil {
			fmt.Fprintf(&b, ", given up by %s %q", f.Waiter.Service, f.Waiter.Span.Name())
		}
		if f.Handled {
			b.WriteString(", handled")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Where anything failed something is to blame, once each.
func TestEveryFailureHasAnOrigin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := calltree.Build(drawn(t).Traces(-1))
		bad := false
		for _, n := range tree.Walk() {
			o, _ := n.Outcome()
			bad = bad || o.Failed() || o.String() == "soft_error"
		}
		found := failure.Origins(tree)
		require.Equal(t, bad, len(found) > 0)
		seen := map[*calltree.Node]bool{}
		for _, f := range found {
			require.False(t, seen[f.Node], "%s twice", f.Node.Span.Name())
			seen[f.Node] = true
		}
	})
}

func drawn(t *rapid.T) *treescript.Script {
	var b strings.Builder
	depth := 0
	for i := range rapid.IntRange(1, 12).Draw(t, "spans") {
		if i > 0 {
			depth = rapid.IntRange(0, depth+1).Draw(t, "depth")
		}
		start := rapid.IntRange(1, 50).Draw(t, "start")
		fmt.Fprintf(&b, "%s%s %s %s %d-%d %s\n", strings.Repeat("  ", depth),
			rapid.SampledFrom([]string{"a", "b"}).Draw(t, "service"),
			rapid.SampledFrom([]string{"client", "server", "internal", "producer", "consumer"}).Draw(t, "kind"),
			rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name"), start, start+rapid.IntRange(0, 50).Draw(t, "took"),
			rapid.SampledFrom([]string{"", "status=error", "status=ok", "jcg.soft_error=true", "error.type=timeout"}).Draw(t, "end"))
	}
	return treescript.Parse(t, b.String())
}

func TestTemplates(t *testing.T) {
	for message, want := range map[string]string{
		"": "", "out of stock": "out of stock", "order 10037 failed": "order # failed",
		"dial tcp 127.0.0.1:8080: connect: connection refused": "dial tcp #: connect: connection refused",
		"key 4f0c2a77-11aa-4bcd-9e0f-7b2a6c1d0e9f missing":     "key # missing",
		"at 2026-11-26T11:00:00.123Z":                          "at #",
		"a\xffb 1":                                             "a\xffb #",
	} {
		require.Equal(t, want, failure.Template(message))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "message")
		require.NotContains(t, failure.Template(s+"7"), "7")
		require.LessOrEqual(t, len(failure.Template(s)), 512)
	})
}

// A signature is kept in bookmarks: it must not change.
func TestSignaturesStay(t *testing.T) {
	of := func(line string) failure.Signature {
		all := failure.Origins(calltree.Build(treescript.Parse(t, line).Traces(-1)))
		require.Len(t, all, 1)
		return all[0].Signature()
	}
	a := of(`dev/shop/stock server "POST /reserve" 0-9 status=error message="sku 17 is gone"`)
	require.Equal(t, "1bd1725c4ebb62a1", a.String())
	require.Equal(t, a, of(`dev/shop/stock server "POST /reserve" 5-90 status=error message="sku 4711 is gone"`))
	for _, other := range []string{
		`prod/shop/stock server "POST /reserve" 0-9 status=error message="sku 17 is gone"`,
		`dev/shop/stock server "POST /release" 0-9 status=error message="sku 17 is gone"`,
		`dev/shop/stock server "POST /reserve" 0-9 status=error message="sku 17 is lost"`,
		`dev/shop/stock server "POST /reserve" 0-9 status=error message="sku 17 is gone" error.type=Gone`,
	} {
		require.NotEqual(t, a, of(other))
	}
}

func TestLogsAndExceptionsOfASpan(t *testing.T) {
	s := treescript.Parse(t, `a server x 5-9 event=exception:Broken thrown="it broke" log="giving up"`).Spans[0]
	s.Events().At(0).SetTimestamp(s.StartTimestamp() + 7)
	s.Events().At(1).SetTimestamp(s.StartTimestamp() - 3)
	s.Events().At(1).Attributes().PutStr("log.severity", "ERROR")
	s.Events().AppendEmpty().SetName("retry")
	require.Equal(t, []failure.Exception{{Type: "Broken", Message: "it broke", Offset: 7}}, failure.Exceptions(s.Span))
	require.Equal(t, []failure.Log{{Severity: "ERROR", Message: "giving up", Offset: -3}}, failure.Logs(s.Span))
	require.Equal(t, pcommon.Timestamp(0), s.Events().At(2).Timestamp())
}
