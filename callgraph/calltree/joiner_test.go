package calltree_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/otlpdump"
)

func TestDemoQuick(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("JCG_TRACES"), "otel-demo/*.zst"))
	j := calltree.NewJoiner(calltree.Options{})
	now := time.Unix(1000, 0)
	var calls []callgraph.Call
	for td, err := range otlpdump.Files(files...) {
		require.NoError(t, err)
		j.Add(td, now)
		calls = append(calls, j.Expire(now)...)
	}
	calls = append(calls, j.Expire(now.Add(time.Minute))...)
	edges := map[string]int{}
	for _, c := range calltree.Settled(calls) {
		edges[c.Edge.String()]++
	}
	for e, n := range edges {
		fmt.Println(n, e)
	}
	fmt.Printf("%+v\n", j.Stats())
}
