package service

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

// runBroker speaks Kafka's protocol. It keeps the last minutes; on disk, since
// clients of a broker that forgot its topics find no way back.
func runBroker(ctx context.Context, env Env) error {
	cluster, err := kfake.NewCluster(
		kfake.DataDir(env.Data),
		kfake.NumBrokers(1),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return env.Listener, nil }),
		kfake.SeedTopics(3, transport.TopicOrders, transport.TopicPicks, transport.TopicShipped),
		kfake.BrokerConfigs(map[string]string{"log.retention.ms": "300000"}),
	)
	if err != nil {
		return fmt.Errorf("serve Kafka's protocol on %s: %w", env.Listener.Addr(), err)
	}
	defer cluster.Close()
	for tidy := time.NewTicker(time.Minute); ; {
		select {
		case <-ctx.Done():
			tidy.Stop()
			return nil
		case <-tidy.C:
			cluster.ApplyRetention()
		}
	}
}
