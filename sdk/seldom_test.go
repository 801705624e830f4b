package sdk

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		tell := seldom(time.Minute, func(error) { told++ })
		for range 125 {
			tell(errors.New("refused"))
			time.Sleep(time.Second)
		}
		require.Equal(t, 3, told)
	})
}

func TestBatchingIsCompleted(t *testing.T) {
	environment := Batching{Queue: 100, Interval: time.Minute}
	require.Equal(t, defaultBatching, Batching{}.complete(Batching{}))
	require.Equal(t, Batching{Queue: 100, Batch: 100, Interval: time.Minute, Timeout: 30 * time.Second}, Batching{}.complete(environment))
	require.Equal(t, Batching{Queue: 7, Batch: 3, Interval: time.Minute, Timeout: 30 * time.Second}, Batching{Queue: 7, Batch: 3}.complete(environment))
}
