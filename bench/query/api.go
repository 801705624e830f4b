package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// api is the collector's, asked over one connection that is kept.
type api struct{ base string }

// get reads an answer and tells how long it took until the last byte was there.
func (a api) get(ctx context.Context, path string, query url.Values) (body []byte, status int, took time.Duration, err error) {
	target := a.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("ask the collector: %w", err)
	}
	start := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("ask the collector: %w", err)
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return nil, 0, 0, fmt.Errorf("read %s: %w", target, err)
	}
	return body, answer.StatusCode, time.Since(start), nil
}

// read is get of an answer that must be 200 and JSON.
func (a api) read(ctx context.Context, path string, query url.Values, into any) (time.Duration, error) {
	body, status, took, err := a.get(ctx, path, query)
	if err != nil {
		return 0, err
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("%s?%s answers %d: %.300s", path, query.Encode(), status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return 0, fmt.Errorf("decode %s?%s: %w", path, query.Encode(), err)
	}
	return took, nil
}

// graph is what an answer of our own API has of interest here.
type graph struct {
	Nodes []struct{ Service, Operation, Kind string }
	Edges []struct {
		Caller, Callee int
		Calls          uint64
	}
	Total     int
	Truncated bool
}

// calls between two services.
func (g graph) calls(caller, callee string) (n uint64) {
	for _, e := range g.Edges {
		if g.Nodes[e.Caller].Service == caller && g.Nodes[e.Callee].Service == callee {
			n += e.Calls
		}
	}
	return n
}
