package pebble

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// formatVersion is that of the keys and values of the whole store.
const formatVersion = 1

// loadMeta reads the writer's ID, or makes one for a new store.
func (s *Store) loadMeta() error {
	version, err := s.value(metaKey("version"))
	if err != nil {
		return err
	}
	if version == nil {
		return s.found()
	}
	if len(version) != 1 || version[0] != formatVersion {
		return fmt.Errorf("format %x is not the %d that this program knows: use its version or another directory", version, formatVersion)
	}
	id, err := s.value(metaKey("writer"))
	if err == nil && len(id) != 8 {
		err = fmt.Errorf("writer ID of %d bytes", len(id))
	}
	if err != nil {
		return err
	}
	s.writer = binary.BigEndian.Uint64(id)
	return nil
}

func (s *Store) found() error {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return fmt.Errorf("make writer ID: %w", err)
	}
	id[7] |= 1 // never zero
	b := s.db.NewBatch()
	_ = b.Set(metaKey("version"), []byte{formatVersion}, nil)
	_ = b.Set(metaKey("writer"), id[:], nil)
	s.writer = binary.BigEndian.Uint64(id[:])
	return s.commit(b)
}

// value is a copy of what lies under a key, nil where nothing does.
func (s *Store) value(key []byte) ([]byte, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	return append([]byte{}, value...), nil
}

// WriterID implements storage.Checkpoints.
func (s *Store) WriterID() uint64 { return s.writer }

func checkpointKey(w callgraph.Writer) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixCheckpoint, byte(w.Source)}, w.ID)
}

// Checkpoint implements storage.Checkpoints.
func (s *Store) Checkpoint(_ context.Context, w callgraph.Writer) (time.Time, error) {
	if err := s.gate.enter(); err != nil {
		return time.Time{}, fmt.Errorf("read checkpoint: %w", err)
	}
	defer s.gate.leave()
	v, err := s.value(checkpointKey(w))
	if err != nil {
		return time.Time{}, fmt.Errorf("read checkpoint: %w", err)
	}
	if v == nil {
		return time.Time{}, nil
	}
	var at time.Time
	if err := at.UnmarshalBinary(v); err != nil {
		return time.Time{}, fmt.Errorf("read checkpoint: %w", err)
	}
	return at, nil
}

// SaveCheckpoint implements storage.Checkpoints.
func (s *Store) SaveCheckpoint(_ context.Context, w callgraph.Writer, arrival time.Time) error {
	if err := s.gate.enter(); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	defer s.gate.leave()
	v, err := arrival.UTC().MarshalBinary()
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	b := s.db.NewBatch()
	_ = b.Set(checkpointKey(w), v, nil)
	if err := s.commit(b); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

func isNotDirectory(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EEXIST)
}

// isLocked knows the errors of Pebble's lock, of which one has no type.
func isLocked(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "lock held by current process")
}
