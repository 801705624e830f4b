package callgraph

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// siteCall is one whose client half an SDK counted, which is at a site of its own.
func siteCall(n int) Call {
	c := pair(edge("web", "cart"), noon)
	c.Edge.Caller.Name = fmt.Sprintf("GET /%d", n)
	c.Client.Counted = true
	c.Site = SiteIDOf(c.Edge.Caller.Service, Operation{Service: Service{Name: "cart:80"}, Name: "GET"})
	return c
}

func TestTheOtherHalfOfACountedOneRefersToIt(t *testing.T) {
	table := NewTable(collector, TableOptions{})
	c := siteCall(1)
	require.True(t, table.Add(c, noon))
	cells := table.Changed(noon)
	require.Len(t, cells, 1)
	require.Equal(t, Reference{Caller: StaticIDOf(c.Edge.Caller), Site: c.Site}.Operation(), cells[0].Edge.Caller)
	require.Equal(t, c.Edge.Callee, cells[0].Edge.Callee)
	require.EqualValues(t, 1, cells[0].Server.Count())
	require.Zero(t, cells[0].Calls(), "the client half counts")
	require.True(t, table.Add(retracted(c), noon))
	require.Zero(t, table.Changed(noon.Add(time.Second))[0].Server.Count())
}

func TestFoldedReferencesReferToNobody(t *testing.T) {
	table := NewTable(collector, TableOptions{MaxCells: 8})
	for n := range 20 {
		require.True(t, table.Add(siteCall(n), noon))
	}
	var served uint64
	for _, c := range table.Changed(noon) {
		if c.Folded {
			require.Equal(t, Reference{}.Operation(), c.Edge.Caller)
		}
		served += c.Server.Count()
		require.Zero(t, c.Calls())
	}
	require.EqualValues(t, 20, served)
}
