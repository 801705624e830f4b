package rules

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, Module+"/...").Output()
	require.NoError(t, err)
	packages := 0
	for in := bufio.NewScanner(bytes.NewReader(out)); in.Scan(); {
		from, imports, _ := strings.Cut(in.Text(), " ")
		packages++
		for to := range strings.FieldsSeq(imports) {
			if why := Forbidden(from, to); why != "" {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
	require.Greater(t, packages, 5)
}

func TestForbidden(t *testing.T) {
	const collector, pdata = "go.opentelemetry.io/collector/component", "go.opentelemetry.io/collector/pdata/ptrace"
	cases := []struct {
		from, to string
		why      string
	}{
		{"callgraph", "slices", ""},
		{"callgraph", pdata, "standard library only"},
		{"callgraph/calltree", pdata, ""},
		{"callgraph/calltree", Module + "/storage", "callgraph, pdata"},
		{"callgraph/calltree", collector, "only adapters"},
		{"connector/callgraphconnector", collector, ""},
		{"connector/callgraphconnector", Module + "/extension/storageextension", "never import each other"},
		{"connector/callgraphconnector", Module + "/callgraph/calltree", ""},
		{"storage", "github.com/cockroachdb/pebble/v2", "callgraph/strength and pdata only"},
		{"storage", Module + "/callgraph/strength", ""},
		{"callgraph/strength", "gonum.org/v1/gonum/mathext", ""},
		{"callgraph/calltree", "gonum.org/v1/gonum/mathext", "standard library only"},
		{"storage/pebble", "github.com/cockroachdb/pebble/v2", ""},
		{"storage/pebble", Module + "/storage/memory", "not each other"},
		{"storage/pebble", Module + "/storage/pebble/segment", ""},
		{"extension/query", Module + "/storage/pebble", "never a backend"},
		{"extension/query", Module + "/storage", ""},
		{"extension/query", collector, "only adapters"},
		{"extension/queryextension", collector, ""},
		{"sdk", pdata, ""},
		{"exporter/compact", pdata, "no pdata"},
		{"exporter/compact", Module + "/sdk", "no SDK of ours"},
		{"exporter/compact", Module + "/wire/client", ""},
		{"exporter/compactexporter", pdata, ""},
		{"wire", pdata, "standard library only"},
		{"wire", Module + "/callgraph", ""},
		{"wire/wirepdata", pdata, ""},
		{"sdk", "github.com/redis/go-redis/v9", "must not link"},
		{"sdk/propagation", collector, "only adapters"},
		{"cmd/jcg", collector, ""},
	}
	for _, c := range cases {
		why := Forbidden(Module+"/"+c.from, c.to)
		if c.why == "" {
			require.Empty(t, why, "%s imports %s", c.from, c.to)
			continue
		}
		require.Contains(t, why, c.why, "%s imports %s", c.from, c.to)
	}
}
