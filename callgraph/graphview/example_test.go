package graphview_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

func Example() {
	var c callgraph.Cell
	c.Edge.Caller = callgraph.Operation{Service: callgraph.Service{Name: "web"}, Name: "GET /cart"}
	c.Edge.Callee = callgraph.Operation{Service: callgraph.Service{Name: "cart"}, Name: "list"}
	c.Bucket = callgraph.BucketAt(time.Unix(1000, 0), callgraph.HotWidth)
	c.Client.Add(20*time.Millisecond, 3)

	view := graphview.New(graphview.Options{})
	view.Apply([]callgraph.Cell{c})
	answer, err := view.Neighbourhood(context.Background(), graphview.Query{
		Focus:  graphview.Focus{Service: callgraph.Service{Name: "cart"}},
		Up:     1,
		Window: callgraph.Window{From: time.Unix(0, 0), To: time.Unix(3600, 0)},
		Limit:  100,
	})
	for _, l := range answer.Links {
		fmt.Println(answer.Nodes[l.Caller].Service, "->", answer.Nodes[l.Callee].Service, l.Count().Calls, "calls", err)
	}
	// Output: web -> cart 3 calls <nil>
}
