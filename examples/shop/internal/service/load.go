package service

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// inFlight bounds the requests that wait for an answer; customers beyond them
// go elsewhere.
const inFlight = 32

// patience of a customer.
const patience = 10 * time.Second

// customers send requests by turns and know nothing of tracing: the gateway is
// where chains begin.
type customers struct {
	url    string
	client http.Client
	mu     sync.Mutex
	last   string // number of the newest order
}

func runLoad(ctx context.Context, env Env) error {
	if env.Rate <= 0 {
		return fmt.Errorf("rate %g: must be above 0 requests a second", env.Rate)
	}
	c := &customers{url: "http://" + env.At[Gateway], client: http.Client{Timeout: patience}}
	free := make(chan struct{}, inFlight)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	turn := time.NewTicker(time.Duration(float64(time.Second) / env.Rate))
	defer turn.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
		}
		select {
		case free <- struct{}{}:
			waiting.Go(func() { c.request(ctx, n); <-free })
		default:
		}
	}
}

// request is the nth one. Half are orders; of 16 one cancels one. Of 64 one asks for a product that
// there is not, one for such an order, and one orders none of a product.
func (c *customers) request(ctx context.Context, n int) {
	sku := fmt.Sprintf("SKU-%d", n/2%20+1)
	switch {
	case n%64 == 31:
		c.order(ctx, sku, 0)
	case n%64 == 23:
		c.send(ctx, http.MethodGet, fmt.Sprintf("/orders/lost-%d", n), "")
	case n%64 == 7:
		c.send(ctx, http.MethodGet, "/products/SKU-404", "")
	case n%2 == 0:
		c.order(ctx, sku, n/2%3+1)
	case n%16 == 13:
		c.ask(ctx, http.MethodDelete)
	case n%4 == 1:
		c.send(ctx, http.MethodGet, "/products/"+sku, "")
	default:
		c.ask(ctx, http.MethodGet)
	}
}

func (c *customers) order(ctx context.Context, sku string, quantity int) {
	answer := c.send(ctx, http.MethodPost, "/orders", fmt.Sprintf(`{"sku":%q,"quantity":%d}`, sku, quantity))
	var receipt Receipt
	if json.Unmarshal(answer, &receipt) == nil && receipt.Number != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last = receipt.Number
	}
}

// ask is about the newest order.
func (c *customers) ask(ctx context.Context, method string) {
	if number := c.newest(); number != "" {
		c.send(ctx, method, "/orders/"+number, "")
	}
}

func (c *customers) newest() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// send returns the answer. What fails is the shop's to show.
func (c *customers) send(ctx context.Context, method, path, body string) []byte {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return nil
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil
	}
	return answer
}
