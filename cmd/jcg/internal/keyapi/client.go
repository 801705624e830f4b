// Package keyapi asks a query API for the spans of a business key, page by page,
// and to erase one.
package keyapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Bounds of what is asked and read.
const (
	pageChains  = 20
	pageTimeout = 2 * time.Minute
	eraseTime   = 16 * time.Minute // a minute more than the server takes at most
	maxPage     = 512 << 20        // bytes
	maxProblem  = 64 << 10
)

// Client asks one query API. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	headers map[string]string
}

// Key is a business key as a user names it.
type Key struct {
	Kind, Value string
	// Environment of the key; nil: not said.
	Environment *string
}

// ParseKey reads kind=value.
func ParseKey(s string) (Key, error) {
	kind, value, found := strings.Cut(s, "=")
	if !found || kind == "" || value == "" {
		return Key{}, fmt.Errorf("key %q: want kind=value, such as order=4711", s)
	}
	return Key{Kind: kind, Value: value}, nil
}

// New asks the API at a URL, with these headers.
func New(endpoint string, headers map[string]string) (*Client, error) {
	base, err := url.Parse(endpoint)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("endpoint %q: want a URL such as http://127.0.0.1:16686", endpoint)
	}
	return &Client{base, headers}, nil
}

// Spans yields the spans of a key, and of those that so many steps of links lead
// to, in pages of whole chains. It ends at the first error.
func (c *Client) Spans(ctx context.Context, key Key, links int) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		for cursor := ""; ; {
			page, next, err := c.page(ctx, key, links, cursor)
			if !yield(page, err) || err != nil || next == "" {
				return
			}
			cursor = next
		}
	}
}

func (c *Client) page(ctx context.Context, key Key, links int, cursor string) (ptrace.Traces, string, error) {
	query := url.Values{"limit": {strconv.Itoa(pageChains)}, "links": {strconv.Itoa(links)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	body, err := c.ask(ctx, http.MethodGet, key, "/spans", query)
	if err != nil {
		return ptrace.Traces{}, "", fmt.Errorf("export %s=%s: %w", key.Kind, key.Value, err)
	}
	var answer struct{ Cursor string }
	if err := json.Unmarshal(body, &answer); err != nil {
		return ptrace.Traces{}, "", fmt.Errorf("read answer: %w", err)
	}
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		return ptrace.Traces{}, "", fmt.Errorf("read spans: %w", err)
	}
	return td, answer.Cursor, nil
}

// Erased is what is gone, and what still names it.
type Erased struct{ Spans, Traces, EdgesLeft, SitesLeft int }

// Erase removes a key and the spans that carry it.
func (c *Client) Erase(ctx context.Context, key Key) (done Erased, err error) {
	body, err := c.ask(ctx, http.MethodDelete, key, "", url.Values{})
	if err != nil {
		return done, fmt.Errorf("erase %s=%s: %w", key.Kind, key.Value, err)
	}
	if err := json.Unmarshal(body, &done); err != nil {
		return done, fmt.Errorf("read answer: %w", err)
	}
	return done, nil
}

func (c *Client) ask(ctx context.Context, method string, key Key, below string, query url.Values) ([]byte, error) {
	timeout := pageTimeout
	if method == http.MethodDelete {
		timeout = eraseTime
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if key.Environment != nil {
		query.Set("environment", *key.Environment)
	}
	target := strings.TrimSuffix(c.base.String(), "/") + "/api/jcg/v1/logical-chains/" + segment(key.Kind) + "/" + segment(key.Value) + below
	request, err := http.NewRequestWithContext(ctx, method, target+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		err = fmt.Errorf("the answer has more than %d MiB", maxPage>>20)
	}
	return body, err
}

// segment is text as one part of a path; dots are encoded too, for alone they
// would be a way up.
func segment(text string) string {
	return strings.ReplaceAll(url.PathEscape(text), ".", "%2E")
}

// refusal is what an API that does not answer says.
func refusal(response *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxProblem)) // what came says more than why no more did
	var problem struct{ Detail string }
	if err := json.Unmarshal(text, &problem); err == nil && problem.Detail != "" {
		return fmt.Errorf("%s: %s", response.Status, problem.Detail)
	}
	return fmt.Errorf("%s: %.200s", response.Status, text)
}
