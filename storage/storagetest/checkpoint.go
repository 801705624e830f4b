package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

func checkpointCases() []contractCase {
	return []contractCase{
		{"checkpoint/zero where none was saved", checkpointNone},
		{"checkpoint/the last saved, for each writer", checkpointSaved},
		{"writer ID/does not change", writerIDSame},
	}
}

func checkpoint(t *testing.T, b storage.Checkpoints, w callgraph.Writer) time.Time {
	t.Helper()
	at, err := b.Checkpoint(t.Context(), w)
	require.NoError(t, err)
	return at
}

func checkpointNone(t *testing.T, s *subject) {
	require.True(t, checkpoint(t, s, callgraph.Writer{ID: 1}).IsZero())
}

func checkpointSaved(t *testing.T, s *subject) {
	at := s.base.Add(123456789)
	writers := []callgraph.Writer{{ID: 1}, {ID: 1, Source: callgraph.Counted}, {ID: 1<<64 - 1}}
	for i, w := range writers {
		require.NoError(t, s.SaveCheckpoint(t.Context(), w, at.Add(time.Hour)))
		require.NoError(t, s.SaveCheckpoint(t.Context(), w, at.Add(time.Duration(i))))
	}
	for i, w := range writers {
		got := checkpoint(t, s, w)
		require.True(t, at.Add(time.Duration(i)).Equal(got), "%v", got)
	}
}

func writerIDSame(t *testing.T, s *subject) {
	id := s.WriterID()
	require.NotZero(t, id)
	write(t, s, traces(s.base, span{trace: 1, id: 1}))
	require.Equal(t, id, s.WriterID())
}
