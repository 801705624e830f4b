package calltree

import (
	"math"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

func (j *Joiner) yield(c callgraph.Call) {
	if c.Retracted {
		j.stats.Retractions++
	} else {
		j.stats.Calls++
	}
	j.yielded = append(j.yielded, c)
}

// tellExit yields the call of an exit span from the given operation and takes
// back the one told before; noOperation only takes back.
func (j *Joiner) tellExit(n *node, caller operationID) {
	if n.told == caller {
		return
	}
	if n.told != noOperation {
		j.retract(j.exitCall(n))
	}
	j.names.hold(caller)
	j.names.release(n.told)
	n.told = caller
	if caller != noOperation {
		j.yield(j.exitCall(n))
	}
}

// tellEntry does the same for a call that only its callee saw.
func (j *Joiner) tellEntry(n *node, told *operationID, caller operationID) {
	if *told == caller {
		return
	}
	if *told != noOperation {
		j.retract(j.entryCall(n, *told))
	}
	j.names.hold(caller)
	j.names.release(*told)
	*told = caller
	if caller != noOperation {
		j.yield(j.entryCall(n, caller))
	}
}

func (j *Joiner) retract(c callgraph.Call) {
	c.Retracted = true
	j.yield(c)
}

// exitCall is the call of an exit span: a pair, or one to its virtual peer.
func (j *Joiner) exitCall(n *node) callgraph.Call {
	c := j.call(n, n.told)
	c.Client = n.half()
	if n.right == none {
		c.Edge.Callee = j.names.operation(n.peer())
		c.Provisional = true
		return c
	}
	server := j.nodes.at(n.right)
	c.Edge.Callee = j.names.operation(server.operation)
	if c.Edge.Connection == callgraph.ConnectionUnset {
		c.Edge.Connection = server.connection()
	}
	c.Server = server.half()
	if c.Client.Counted && !c.Server.Counted && c.Edge.Caller.Node == callgraph.Observed {
		c.Site = callgraph.SiteIDOf(c.Edge.Caller.Service, j.names.operation(n.peer()))
	}
	c.Arrival = j.arrivalOf(j.laterOf(n.arrival, server.arrival))
	if c.Edge.Connection == callgraph.Messaging && server.start > n.end() {
		c.Queue = time.Duration(min(server.start-n.end(), math.MaxInt64))
	}
	return c
}

// entryCall is a call that only its callee saw.
func (j *Joiner) entryCall(n *node, caller operationID) callgraph.Call {
	c := j.call(n, caller)
	c.Edge.Callee = j.names.operation(n.operation)
	c.Server = n.half()
	return c
}

// entranceCall is the call from Outside to a root that is no entry span. What
// an exit span's SDK counted is the call it makes, not the one to itself.
func (j *Joiner) entranceCall(n *node) callgraph.Call {
	c := j.entryCall(n, outsideOperation)
	if n.exitSpan() {
		c.Server.Counted = false
		c.Edge.Connection = callgraph.ConnectionUnset
	}
	return c
}

// call is what a call takes from the half that gives it.
func (j *Joiner) call(n *node, caller operationID) callgraph.Call {
	return callgraph.Call{
		Edge:          callgraph.Edge{Caller: j.names.operation(caller), Connection: n.connection()},
		End:           time.Unix(0, int64(min(n.end(), math.MaxInt64))).UTC(),
		Weight:        float64(n.weight),
		WeightUnknown: n.is(isAssumed),
		Arrival:       j.arrivalOf(n.arrival),
	}
}

// laterOf compares times of arrival that may have wrapped.
func (j *Joiner) laterOf(a, b uint32) uint32 {
	if j.age(a) < j.age(b) {
		return a
	}
	return b
}
