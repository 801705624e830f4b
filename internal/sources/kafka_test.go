package sources

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/jcallgraph/jcallgraph/internal/collectortest"
)

const (
	topic = "otlp_spans"
	// group reads again soon after a member was killed.
	group = "yaml:receivers::kafka: {session_timeout: 3s, heartbeat_interval: 500ms}"
	// accepted is the receiver's own count.
	accepted = "otelcol_receiver_accepted_spans"
)

// newBroker speaks Kafka's protocol in this process.
func newBroker(t *testing.T) *kfake.Cluster {
	t.Helper()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic), kfake.GroupMinSessionTimeout(time.Second))
	require.NoError(t, err)
	t.Cleanup(broker.Close)
	return broker
}

// The collector dies when its spans are durable and their offset is not
// committed: it reads them again, together with what came meanwhile.
func TestKafkaCountsOnceWhatIsReadTwice(t *testing.T) {
	broker := newBroker(t)
	commits, committed := holdCommits(broker)
	first, _ := startOverlay(t, broker.ListenAddrs()[0], group)
	messages := calls("kafka-front", "kafka-back")
	produce(t, broker, messages[:succeed])
	first.Eventually("an offset to be committed", func(context.Context) error {
		if len(commits) == 0 {
			return errors.New("none yet")
		}
		return nil
	})
	first.Eventually("all spans to be accepted", acceptedSpans(first, succeed))
	first.Stop(syscall.SIGKILL)
	produce(t, broker, messages[succeed:])
	committed.Store(true)

	second := first.Restart()
	pair{Run: second, front: "kafka-front", back: "kafka-back"}.requireSeen(t)
	second.Eventually("all messages to be read again", acceptedSpans(second, len(messages)))
}

// holdCommits refuses commits of offsets until committed says otherwise; each
// refused one is told.
func holdCommits(broker *kfake.Cluster) (refused chan struct{}, committed *atomic.Bool) {
	refused, committed = make(chan struct{}, 1), new(atomic.Bool)
	broker.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
		if committed.Load() {
			return nil, nil, false
		}
		broker.KeepControl()
		select {
		case refused <- struct{}{}:
		default:
		}
		return nil, errors.New("the broker goes away"), true
	})
	return refused, committed
}

// acceptedSpans checks that a collector has read so many messages; some of them
// twice, if the group gave its partition away meanwhile.
func acceptedSpans(r *collectortest.Run, messages int) func(context.Context) error {
	return func(ctx context.Context) error {
		n, err := r.Metric(ctx, accepted, `receiver="kafka"`)
		if want := float64(3 * messages); err == nil && n < want {
			err = fmt.Errorf("%v spans, must be %v at least", n, want)
		}
		return err
	}
}

func produce(t *testing.T, broker *kfake.Cluster, messages []ptrace.Traces) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.ListenAddrs()...), kgo.DefaultProduceTopic(topic))
	require.NoError(t, err)
	defer client.Close()
	for _, td := range messages {
		value, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		require.NoError(t, client.ProduceSync(t.Context(), kgo.SliceRecord(value)).FirstErr())
	}
}
