package service

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.opentelemetry.io/otel/attribute"
)

// openCounts keeps numbers in the Redis at the given Unix socket, or in memory
// where there is none.
func openCounts(socket string) (c counts, stop func(), err error) {
	if socket == "" {
		return &memoryCounts{numbers: map[string]int64{}}, func() {}, nil
	}
	client := redis.NewClient(&redis.Options{
		Network: "unix", Addr: socket, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	err = redisotel.InstrumentTracing(client, redisotel.WithDialFilter(true),
		redisotel.WithCommandFilter(func(cmd redis.Cmder) bool { return cmd.Name() == "hello" }), // part of connecting
		redisotel.WithAttributes(attribute.String("service.peer.name", Redis)))
	if err != nil {
		return nil, nil, fmt.Errorf("trace Redis: %w", err)
	}
	return redisCounts{client}, func() { _ = client.Close() }, nil
}

type redisCounts struct{ client *redis.Client }

func (c redisCounts) add(ctx context.Context, sku string, n int64) (int64, error) {
	return c.client.IncrBy(ctx, "stock:"+sku, n).Result()
}

type memoryCounts struct {
	mu      sync.Mutex
	numbers map[string]int64 // by SKU: there are 20
}

func (c *memoryCounts) add(_ context.Context, sku string, n int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.numbers[sku] += n
	return c.numbers[sku], nil
}
