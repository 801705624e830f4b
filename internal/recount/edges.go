package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// node says how an operation is known.
type node string

const (
	observed node = ""
	virtual  node = "virtual"
	unknown  node = "unknown"
	outside  node = "outside"
)

// operation is a span name in a service; unknown and outside have neither.
type operation struct {
	service service
	name    string
	node    node
}

func (o operation) String() string {
	switch o.node {
	case unknown, outside:
		return "(" + string(o.node) + ")"
	}
	parts := []string{o.service.environment, o.service.namespace, o.service.name}
	s := strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "/")
	if o.node == virtual {
		s += " (virtual)"
	}
	return s + " " + o.name
}

// edge is all calls from one operation to another, whatever the transport.
type edge struct{ caller, callee operation }

func (e edge) String() string { return e.caller.String() + " -> " + e.callee.String() }

// figures of an edge.
type figures struct{ calls, errors uint64 }

type edges map[edge]figures

func (e edges) add(caller, callee operation, failed bool) {
	f := e[edge{caller, callee}]
	f.calls++
	if failed {
		f.errors++
	}
	e[edge{caller, callee}] = f
}

// sorted is by name, so that two listings can be compared line by line.
func (e edges) sorted() []edge {
	return slices.SortedFunc(maps.Keys(e), func(a, b edge) int { return strings.Compare(a.String(), b.String()) })
}

func (e edges) print(w io.Writer) error {
	var b strings.Builder
	var sum figures
	between := 0
	for _, key := range e.sorted() {
		f := e[key]
		fmt.Fprintf(&b, "%v calls=%d errors=%d\n", key, f.calls, f.errors)
		sum.calls += f.calls
		sum.errors += f.errors
		if key.caller.node == observed && key.callee.node == observed {
			between++
		}
	}
	fmt.Fprintf(&b, "# %d edges, %d of them between observed operations, calls=%d errors=%d\n", len(e), between, sum.calls, sum.errors)
	_, err := io.WriteString(w, b.String())
	return err
}
