package pebble

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/storagetest"
)

func openStore(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Directory == "" {
		o.Directory = t.TempDir()
	}
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestContract(t *testing.T) {
	open := func(t *testing.T) storage.Backend { return openStore(t, Options{}) }
	reopen := func(t *testing.T, b storage.Backend) storage.Backend {
		s := b.(*Store)
		require.NoError(t, s.Close())
		return openStore(t, s.options)
	}
	storagetest.Run(t, open, storagetest.Persistent(reopen))
}
