package application

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Found is what a collector's graph says of the services: every edge of the last
// hour but the entrances, in the form of Calls.
func Found(ctx context.Context, api string) (map[Pair]Made, error) {
	query := url.Values{"to": {time.Now().Add(time.Minute).UTC().Format(time.RFC3339)}, "limit": {"5000"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/api/jcg/v1/map?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the graph: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the graph: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the graph: status %d, %w: %.300s", answer.StatusCode, err, body)
	}
	return decode(body)
}

func decode(body []byte) (map[Pair]Made, error) {
	var graph struct {
		Nodes []struct{ Service, Kind string }
		Edges []struct {
			Caller, Callee int
			Calls, Errors  uint64
		}
	}
	if err := json.Unmarshal(body, &graph); err != nil {
		return nil, fmt.Errorf("decode the graph: %w", err)
	}
	all := map[Pair]Made{}
	for _, e := range graph.Edges {
		caller, callee := graph.Nodes[e.Caller], graph.Nodes[e.Callee]
		p := Pair{caller.Service, callee.Service}
		if p.Caller == "" {
			continue // an entrance: the caller is outside
		}
		all[p] = Made{all[p].Calls + e.Calls, all[p].Errors + e.Errors}
	}
	return all, nil
}
