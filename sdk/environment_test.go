package sdk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBatchingIsCompleted(t *testing.T) {
	environment := Batching{Queue: 100, Interval: time.Minute}
	require.Equal(t, defaultBatching, Batching{}.complete(Batching{}))
	require.Equal(t, Batching{Queue: 100, Batch: 100, Interval: time.Minute, Timeout: 30 * time.Second}, Batching{}.complete(environment))
	require.Equal(t, Batching{Queue: 7, Batch: 3, Interval: time.Minute, Timeout: 30 * time.Second}, Batching{Queue: 7, Batch: 3}.complete(environment))
}
