package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

var errDiffers = errors.New("the collector's edges differ")

// compare prints each edge whose figures are not the same on both sides.
func compare(counted edges, from, to time.Time, base string, out io.Writer) error {
	a := api{base: strings.TrimSuffix(base, "/"), from: from, to: to}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	theirs, err := a.edges(ctx, counted)
	if err != nil {
		return err
	}
	different := 0
	for _, e := range merged(counted, theirs).sorted() {
		if counted[e] != theirs[e] {
			different++
			fmt.Fprintf(out, "%v recounted=%v collector=%v\n", e, counted[e], theirs[e])
		}
	}
	fmt.Fprintf(out, "# %d edges recounted, %d from the collector, %d differ\n", len(counted), len(theirs), different)
	if different > 0 {
		return fmt.Errorf("%w: %d of %d", errDiffers, different, len(merged(counted, theirs)))
	}
	return nil
}

func merged(a, b edges) edges {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// api is a collector's, read for the edges in a window.
type api struct {
	base     string
	from, to time.Time
}

// names are operations of a service in any environment and namespace.
type names struct{ service, operation string }

// edges asks for the neighbours of each operation that either side knows.
func (a api) edges(ctx context.Context, counted edges) (edges, error) {
	known, err := a.operations(ctx)
	if err != nil {
		return nil, err
	}
	for e := range counted {
		for _, o := range []operation{e.caller, e.callee} {
			if o.node == observed {
				known[names{o.service.name, o.name}] = true
			}
		}
	}
	all := edges{}
	for n := range known {
		if err := a.addNeighbours(ctx, n, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (a api) operations(ctx context.Context) (map[names]bool, error) {
	var services struct{ Data []string }
	if err := a.read(ctx, "/api/services", nil, &services); err != nil {
		return nil, err
	}
	known := map[names]bool{}
	for _, service := range services.Data {
		var operations struct{ Data []struct{ Name string } }
		if err := a.read(ctx, "/api/operations", url.Values{"service": {service}}, &operations); err != nil {
			return nil, err
		}
		for _, o := range operations.Data {
			known[names{service, o.Name}] = true
		}
	}
	return known, nil
}

// graph is what the neighbourhood's answer has of interest here.
type graph struct {
	Nodes []struct{ Environment, Namespace, Service, Operation, Kind string }
	Edges []struct {
		Caller, Callee int
		Calls, Errors  uint64
	}
	Truncated bool
}

// addNeighbours adds the edges of one operation, transports summed up, unless
// they were added from their other end.
func (a api) addNeighbours(ctx context.Context, n names, all edges) error {
	var g graph
	query := url.Values{
		"service": {n.service}, "operation": {n.operation}, "up": {"1"}, "down": {"1"}, "limit": {"5000"},
		"from": {a.from.Format(time.RFC3339Nano)}, "to": {a.to.Format(time.RFC3339Nano)},
	}
	err := a.read(ctx, "/api/jcg/v1/neighbourhood", query, &g)
	switch {
	case errors.Is(err, errNotFound):
		return nil // no call to it and none from it
	case err != nil:
		return err
	case g.Truncated:
		return fmt.Errorf("too many neighbours of %s %s", n.service, n.operation)
	}
	found := edges{}
	for _, e := range g.Edges {
		key := edge{g.operation(e.Caller), g.operation(e.Callee)}
		f := found[key]
		found[key] = figures{f.calls + e.Calls, f.errors + e.Errors}
	}
	maps.Copy(all, found)
	return nil
}

func (g graph) operation(i int) operation {
	n := g.Nodes[i]
	o := operation{service{n.Environment, n.Namespace, n.Service}, n.Operation, node(n.Kind)}
	if n.Kind == "observed" {
		o.node = observed
	}
	return o
}

var errNotFound = errors.New("not found")

func (a api) read(ctx context.Context, path string, query url.Values, into any) error {
	target := a.base + path + "?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return fmt.Errorf("ask the collector: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the collector: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", target, err)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w", target, errNotFound)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s: %.300s", target, answer.Status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode %s: %w", target, err)
	}
	return nil
}

// window holds the end of every span, by which calls are counted, rounded
// outwards to whole buckets.
func window(spans []span) (from, to time.Time) {
	const bucket = 10 * time.Second
	if len(spans) == 0 {
		return from, to
	}
	oldest := slices.MinFunc(spans, func(a, b span) int { return a.end.Compare(b.end) }).end
	newest := slices.MaxFunc(spans, func(a, b span) int { return a.end.Compare(b.end) }).end
	return oldest.Truncate(bucket), newest.Truncate(bucket).Add(bucket)
}
