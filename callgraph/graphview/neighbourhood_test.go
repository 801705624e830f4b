package graphview_test

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
	"github.com/jcallgraph/jcallgraph/internal/textcase"
)

// Each file: lines "caller -> callee calls", a line "? focus up=n down=n
// limit=n", then what is expected.
func TestNeighbourhoods(t *testing.T) {
	textcase.Run(t, "testdata/*.txt", answerOf)
}

func answerOf(t *testing.T, in string) string {
	v := graphview.New(graphview.Options{})
	var q graphview.Query
	for lines := bufio.NewScanner(strings.NewReader(in)); lines.Scan(); {
		switch line := strings.Fields(lines.Text()); {
		case len(line) == 0 || line[0] == "#":
		case line[0] == "?":
			q = query(t, line[1:])
		default:
			n, err := strconv.ParseUint(line[3], 10, 64)
			require.NoError(t, err)
			c := cell("", "", 0, n, 1)
			c.Edge = callgraph.Edge{Caller: parseOperation(line[0]), Callee: parseOperation(line[2])}
			v.Apply([]callgraph.Cell{c})
		}
	}
	a, err := v.Neighbourhood(context.Background(), q)
	if err != nil {
		return err.Error() + "\n"
	}
	return format(a)
}

func query(t *testing.T, fields []string) graphview.Query {
	o := parseOperation(fields[0])
	q := graphview.Query{Focus: graphview.Focus{Service: o.Service, Operation: o.Name}, Window: window(0, 10), Limit: 100}
	for _, f := range fields[1:] {
		key, value, _ := strings.Cut(f, "=")
		n, err := strconv.Atoi(value)
		require.NoError(t, err)
		*map[string]*int{"up": &q.Up, "down": &q.Down, "limit": &q.Limit}[key] = n
	}
	return q
}

// parseOperation reads "service.operation", "virtual:peer", "(outside)" or "(unknown)".
func parseOperation(s string) callgraph.Operation {
	switch {
	case s == "(outside)":
		return callgraph.Operation{Node: callgraph.Outside}
	case s == "(unknown)":
		return callgraph.Operation{Node: callgraph.Unknown}
	case strings.HasPrefix(s, "virtual:"):
		return callgraph.Operation{Service: callgraph.Service{Name: s[len("virtual:"):]}, Node: callgraph.Virtual}
	}
	service, name, _ := strings.Cut(s, ".")
	return operation(service, name)
}

func format(a graphview.Answer) string {
	var b strings.Builder
	for _, n := range a.Nodes {
		fmt.Fprintf(&b, "%+d %s received=%d\n", n.Hop, strings.TrimSpace(n.String()), n.Received.Calls)
	}
	for _, l := range a.Links {
		fmt.Fprintf(&b, "%s -> %s %d\n", strings.TrimSpace(a.Nodes[l.Caller].String()),
			strings.TrimSpace(a.Nodes[l.Callee].String()), l.Count().Calls)
	}
	fmt.Fprintf(&b, "found=%d truncated=%t\n", a.LinksFound, a.Truncated)
	return b.String()
}
