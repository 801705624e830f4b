package graphview_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

// shop is called from outside at two operations of web, and once elsewhere.
func shop() *graphview.View {
	v := graphview.New(graphview.Options{})
	in := func(environment, service, name string) callgraph.Operation {
		return callgraph.Operation{Service: callgraph.Service{Environment: environment, Name: service}, Name: name}
	}
	outside := callgraph.Operation{Node: callgraph.Outside}
	for i, e := range []struct {
		caller, callee callgraph.Operation
		calls          uint64
	}{
		{outside, in("dev", "Web", "GET /cart"), 5},
		{outside, in("dev", "Web", "POST /order"), 9},
		{in("dev", "Web", "GET /cart"), in("dev", "cart", "list"), 5},
		{in("dev", "Web", "POST /order"), in("dev", "cart", "list"), 2},
		{in("dev", "Web", "POST /order"), in("dev", "cart", "clear the cart"), 1},
		{outside, in("prod", "Web", "GET /cart"), 100},
	} {
		c := cell("", "", 0, e.calls, uint64(i+1))
		c.Edge = callgraph.Edge{Caller: e.caller, Callee: e.callee, Connection: callgraph.HTTP}
		v.Apply([]callgraph.Cell{c})
	}
	return v
}

func called(all []graphview.Called) (lines []string) {
	for _, c := range all {
		lines = append(lines, c.String()+" "+time.Duration(c.Count().Calls).String())
	}
	return lines
}

func TestEntrancesAreWhatOutsideCallsTheBusiestFirst(t *testing.T) {
	ctx, v := context.Background(), shop()
	all, found, err := v.Entrances(ctx, window(0, 10), "", 2)
	require.NoError(t, err)
	require.Equal(t, []string{"prod//Web GET /cart 100ns", "dev//Web POST /order 9ns"}, called(all))
	require.Equal(t, 3, found)
	require.EqualValues(t, 9, all[1].Sum.Client.Count(), "latencies too")
	all, _, err = v.Entrances(ctx, window(0, 10), "dev", 10)
	require.NoError(t, err)
	require.Equal(t, []string{"dev//Web POST /order 9ns", "dev//Web GET /cart 5ns"}, called(all))
	all, found, err = v.Entrances(ctx, window(10, 20), "", 10)
	require.NoError(t, err)
	require.Empty(t, all)
	require.Zero(t, found)
}

func TestOperationsAddUpAllTheirCallers(t *testing.T) {
	cart := graphview.Focus{Service: callgraph.Service{Name: "cart"}}
	all, found, err := shop().Operations(context.Background(), window(0, 10), cart, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"dev//cart list 7ns"}, called(all))
	require.Equal(t, 2, found)
	_, _, err = shop().Operations(context.Background(), window(0, 10), graphview.Focus{Service: callgraph.Service{Name: "none"}}, 1)
	require.ErrorIs(t, err, graphview.ErrUnknown)
}

func TestAMapOfOneEnvironment(t *testing.T) {
	a, err := shop().Map(context.Background(), window(0, 10), "prod", 10)
	require.NoError(t, err)
	require.Len(t, a.Links, 1)
	require.EqualValues(t, 100, a.Links[0].Count().Calls)
}

func TestFindLooksForEveryWordInAnyCase(t *testing.T) {
	names := func(text, environment string, limit int) (lines []string) {
		services, operations, err := shop().Find(context.Background(), window(0, 10), text, environment, limit)
		require.NoError(t, err)
		for _, n := range append(services, operations...) {
			lines = append(lines, n.String())
		}
		return lines
	}
	require.Equal(t, []string{"prod//Web ", "dev//Web "}, names("WEB", "", 9), "the busiest first; operations need a word of their own")
	require.Equal(t, []string{"dev//cart ", "dev//Web GET /cart", "dev//cart clear the cart"}, names("cart", "dev", 9))
	require.Equal(t, []string{"dev//cart list"}, names("cart list", "dev", 9))
	require.Equal(t, []string{"dev//cart clear the cart"}, names(" clear  the Cart", "", 9))
	require.Equal(t, []string{"prod//Web GET /cart"}, names("web get", "", 1))
	require.Empty(t, names("cart none", "", 9))
	require.Empty(t, names("  ", "", 9))
	require.Empty(t, names("dev", "", 9), "the environment is no name")
}
