package memory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
	"github.com/jcallgraph/jcallgraph/storage/storagetest"
)

func TestContract(t *testing.T) {
	servers := map[storage.Backend]*memory.Server{}
	open := func(t *testing.T, s *memory.Server) storage.Backend {
		// Cases keep evidence of the day before that of an hour ago.
		b, err := memory.Open(memory.Options{Server: s, EdgeRetention: 72 * time.Hour})
		require.NoError(t, err)
		servers[b] = s
		return b
	}
	storagetest.Run(t,
		func(t *testing.T) storage.Backend { return open(t, memory.NewServer(1<<30)) },
		storagetest.Persistent(func(t *testing.T, b storage.Backend) storage.Backend {
			require.NoError(t, b.Close())
			return open(t, servers[b])
		}))
}
