package dropin

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// startRedis runs the real server on a socket of its own.
func startRedis(t *testing.T) string {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed (make packages)")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "redis.sock")
	server := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "--port", "0", "--unixsocket", socket, "--dir", dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning")
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	return socket
}

func runRedis(t *testing.T, tp trace.TracerProvider, _ propagation.TextMapPropagator) {
	socket := startRedis(t)
	// One connection, opened before the spans are looked at: a second would be
	// dialled when the first is late.
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, PoolSize: 1, MaxRetries: -1, DisableIdentity: true})
	require.Eventually(t, func() bool { return client.Ping(t.Context()).Err() == nil }, time.Minute, 10*time.Millisecond)
	require.NoError(t, redisotel.InstrumentTracing(client, redisotel.WithTracerProvider(tp)))
	for _, c := range redisSteps(client) {
		step(t.Context(), tp, c.name, func(ctx context.Context) {
			err := c.do(ctx)
			assert.Equal(t, c.fails, err != nil, "%s: %v", c.name, err)
		})
	}
	require.NoError(t, client.Close())
}

type redisStep struct {
	name  string
	fails bool
	do    func(context.Context) error
}

func redisSteps(client *redis.Client) []redisStep {
	return []redisStep{
		{"set and get", false, func(ctx context.Context) error {
			if err := client.Set(ctx, "k", "v", 0).Err(); err != nil {
				return err
			}
			return client.Get(ctx, "k").Err()
		}},
		{"a missing key", true, func(ctx context.Context) error { return client.Get(ctx, "none").Err() }},
		{"an error reply", true, func(ctx context.Context) error { return client.LPush(ctx, "k", 1).Err() }},
		{"an unknown command", true, func(ctx context.Context) error { return client.Do(ctx, "nonsense", 1).Err() }},
		{"a pipeline", false, func(ctx context.Context) error {
			_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, "a", 1, 0)
				p.Incr(ctx, "a")
				return nil
			})
			return err
		}},
		{"a pipeline with an error", true, func(ctx context.Context) error {
			_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "k")
				p.Incr(ctx, "a")
				return nil
			})
			return err
		}},
		{"a transaction", false, func(ctx context.Context) error {
			_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Incr(ctx, "a")
				p.Incr(ctx, "a")
				return nil
			})
			return err
		}},
		{"a watched transaction", false, func(ctx context.Context) error {
			return client.Watch(ctx, func(tx *redis.Tx) error { return tx.Get(ctx, "a").Err() }, "a")
		}},
		{"cancelled", true, func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return client.Get(ctx, "k").Err()
		}},
	}
}
