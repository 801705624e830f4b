package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"github.com/jcallgraph/jcallgraph/bench/internal/child"
	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/internal/biggraph"
	"github.com/jcallgraph/jcallgraph/storage/pebble"
)

// Size of the graph: the paper's microservices, and edges between them.
const (
	services = 34_000
	edges    = 200_000
	// hubEvery: one query in so many asks for the hub, else p99 would not
	// see it.
	hubEvery = 20
)

// neighbourhood asks for random services of a large graph, and for its hub, one
// or two hops both ways.
func (b *bench) neighbourhood(ctx context.Context) error {
	c, err := b.collector("graph")
	if err != nil {
		return err
	}
	if err := fill(ctx, c.Store()); err != nil {
		return err
	}
	began := time.Now()
	server, err := child.Start(ctx, c.Command())
	if err != nil {
		return err
	}
	defer func() { _ = server.Kill() }() // nothing after Stop
	a := api{c.API()}
	if err := complete(ctx, a); err != nil {
		return err
	}
	b.Print("graph_loaded_s", time.Since(began).Seconds(), "s")
	if err := errors.Join(b.ask(ctx, a), b.pages(ctx, a, graphPages)); err != nil {
		return err
	}
	usage, err := server.Stop()
	b.Print("graph_peak_rss_mb", figure.MB(usage.PeakRSS), "MB")
	return err
}

// fill writes the graph's cells into the store before the collector opens it.
func fill(ctx context.Context, folder string) error {
	store, err := pebble.Open(pebble.Options{Directory: folder})
	if err != nil {
		return err
	}
	now := time.Now()
	graph := biggraph.Options{Services: services, Edges: edges, Hour: now.Truncate(10 * time.Second).Add(-time.Hour + time.Minute)}
	err = biggraph.Cells(graph, func(cells []callgraph.Cell) error {
		for i := range cells {
			cells[i].Closed = now.Unix() // retention counts from arrival
		}
		return store.WriteCells(ctx, cells)
	})
	return errors.Join(err, store.Close())
}

// complete waits until the collector's view holds all edges.
func complete(ctx context.Context, a api) error {
	_, err := until(ctx, func() (bool, error) {
		var health struct{ View struct{ Edges int } }
		_, err := a.read(ctx, "/api/jcg/v1/health", nil, &health)
		return health.View.Edges >= edges, err
	})
	return err
}

func (b *bench) ask(ctx context.Context, a api) error {
	random := rand.New(rand.NewPCG(1, 2)) // the same questions each time
	var all, hub []time.Duration
	var links int
	for i := range b.queries {
		service := biggraph.Service(random.IntN(services))
		if i%hubEvery == 0 {
			service = biggraph.Hub
		}
		hops := strconv.Itoa(1 + i%2)
		var g graph
		took, err := a.read(ctx, "/api/jcg/v1/neighbourhood", url.Values{"service": {service.Name}, "up": {hops}, "down": {hops}}, &g)
		if err != nil {
			return err
		}
		if len(g.Edges) == 0 {
			return fmt.Errorf("service %v has no neighbours", service)
		}
		links += len(g.Edges)
		all = append(all, took)
		if service == biggraph.Hub {
			hub = append(hub, took)
		}
	}
	b.Print("neighbourhood_links", float64(links)/float64(b.queries), "links")
	b.Print("neighbourhood_median_ms", figure.Milliseconds(figure.Median(all)), "ms")
	b.Print("neighbourhood_hub_p99_ms", figure.Milliseconds(figure.P99(hub)), "ms")
	b.Print("neighbourhood_p99_ms", figure.Milliseconds(figure.P99(all)), "ms")
	return nil
}
