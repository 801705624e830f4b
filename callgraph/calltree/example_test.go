package calltree_test

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/callgraph/calltree"
	"github.com/jcallgraph/jcallgraph/internal/treescript"
)

// trace is web's GET /cart, which calls cart.
func trace() ptrace.Traces {
	return treescript.Parse(panics{}, `
web server "GET /cart" 0-100
  web client "GET" 10-90 http.request.method=GET
    cart server "GET /cart" 20-80 status=error
`).Traces(-1)
}

// A Joiner yields calls as spans come in; its caller says what time it is.
func ExampleJoiner() {
	j := calltree.NewJoiner(calltree.Options{})
	now := time.Now()
	j.Add(trace(), now)
	for _, c := range j.Expire(now.Add(time.Second / 2)) {
		fmt.Println(c.Edge, c.Outcome(), c.Server.Outcome)
	}
	// Output:
	// (outside) -> web GET /cart ok ok
	// web GET /cart -> cart GET /cart [http] ok error
}

// A Tree holds every span of one trace.
func ExampleBuild() {
	for depth, n := range calltree.Build(trace()).Walk() {
		outcome, source := n.Outcome()
		fmt.Printf("%d %s, %s: %s %q\n", depth, n.Operation(), n.Duration(), outcome, source)
	}
	// Output:
	// 0 web GET /cart, 100ms: ok ""
	// 1 web GET, 80ms: ok ""
	// 2 cart GET /cart, 60ms: error "status"
}

// panics is a testing.T where there is none.
type panics struct{}

func (panics) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (panics) FailNow()                          { panic("failed") }
