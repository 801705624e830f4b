package callgraphconnector

import (
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"
)

// routes are those who get edges and those who get the service graph; nil
// where there is nobody.
type routes struct{ edges, graph consumer.Metrics }

func newRoutes(forGraph []pipeline.ID, next consumer.Metrics) (routes, error) {
	if len(forGraph) == 0 {
		return routes{edges: next}, nil
	}
	router, ok := next.(connector.MetricsRouterAndConsumer)
	if !ok {
		return routes{}, fmt.Errorf("the next consumer, a %T, is no router", next)
	}
	all := router.PipelineIDs()
	for _, id := range forGraph {
		if !slices.Contains(all, id) {
			return routes{}, fmt.Errorf("%s does not receive from this connector; those that do are %v", id, all)
		}
	}
	forEdges := slices.DeleteFunc(slices.Clone(all), func(id pipeline.ID) bool { return slices.Contains(forGraph, id) })
	return route(router, forEdges, forGraph)
}

func route(router connector.MetricsRouterAndConsumer, forEdges, forGraph []pipeline.ID) (r routes, err error) {
	if r.graph, err = router.Consumer(forGraph...); err != nil {
		return routes{}, err
	}
	if len(forEdges) == 0 {
		return r, nil
	}
	r.edges, err = router.Consumer(forEdges...)
	return r, err
}
