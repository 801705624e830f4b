package memory

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
	"github.com/jcallgraph/jcallgraph/storage"
)

// Options of a backend; each zero value is its default.
type Options struct {
	Server        *Server       // a new one of MaxBytes
	Writer        uint64        // ID of the writer; one that the server keeps
	Retention     time.Duration // of chains, from arrival; 24 h
	EdgeRetention time.Duration // of cells, from their last write; Retention
	MaxBytes      int64         // of a new server; 256 MiB
}

// Backend is a storage.Backend on a server. What it is full of goes away by
// retention only: until then writes fail with storage.ErrFull.
type Backend struct {
	commands *commands
	writer   uint64
	options  Options
	closed   atomic.Bool

	spans sync.Mutex // one writer extends its traces and its journal
	names names

	keysRefused atomic.Uint64 // beyond storage.MaxTraceKeys

	cells     sync.Mutex // one writer versions its buckets
	version   uint64
	edgesHour hour // of the last version
}

var _ storage.Backend = (*Backend)(nil)

// Open starts a backend.
func Open(o Options) (*Backend, error) {
	o.Retention = cmp.Or(o.Retention, 24*time.Hour)
	o.EdgeRetention = cmp.Or(o.EdgeRetention, o.Retention)
	o.MaxBytes = cmp.Or(o.MaxBytes, 256<<20)
	if o.Server == nil {
		o.Server = NewServer(o.MaxBytes)
	}
	b := &Backend{commands: &o.Server.commands, options: o}
	if err := b.identify(); err != nil {
		return nil, fmt.Errorf("open memory backend: %w", err)
	}
	if err := b.names.load(b); err != nil {
		return nil, fmt.Errorf("open memory backend: %w", err)
	}
	var err error
	if b.version, err = b.lastVersion(); err != nil {
		return nil, fmt.Errorf("open memory backend: %w", err)
	}
	return b, nil
}

// identify takes the writer's ID from the options, else from the server.
func (b *Backend) identify() error {
	id := b.commands.Get("id")
	if id == nil {
		id = binary.BigEndian.AppendUint64(nil, rand.Uint64()|1)
		if err := b.commands.Set("id", id); err != nil {
			return err
		}
	}
	b.writer = cmp.Or(b.options.Writer, binary.BigEndian.Uint64(id))
	return nil
}

// Bytes is how much the server holds, of this and all other writers.
func (b *Backend) Bytes() int64 { return b.options.Server.Bytes() }

// Close lets later calls fail; the server keeps the data.
func (b *Backend) Close() error {
	b.closed.Store(true)
	return nil
}

// ready fails where the caller gave up or the backend was closed.
func (b *Backend) ready(ctx context.Context) error {
	if b.closed.Load() {
		return fmt.Errorf("memory backend: %w", storage.ErrClosed)
	}
	return ctx.Err()
}

// WriterID implements storage.Checkpoints.
func (b *Backend) WriterID() uint64 { return b.writer }

// Checkpoint implements storage.Checkpoints.
func (b *Backend) Checkpoint(ctx context.Context, w callgraph.Writer) (time.Time, error) {
	if err := b.ready(ctx); err != nil {
		return time.Time{}, err
	}
	v := b.commands.Get(checkpointKey(w))
	if v == nil {
		return time.Time{}, nil
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(v))).UTC(), nil
}

// SaveCheckpoint implements storage.Checkpoints.
func (b *Backend) SaveCheckpoint(ctx context.Context, w callgraph.Writer, arrival time.Time) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	v := binary.BigEndian.AppendUint64(nil, uint64(arrival.UnixNano()))
	if err := b.commands.Set(checkpointKey(w), v); err != nil {
		return fmt.Errorf("save checkpoint of writer %x: %w", w.ID, err)
	}
	return nil
}

func checkpointKey(w callgraph.Writer) string {
	return fmt.Sprintf("checkpoint:%x:%d", w.ID, w.Source)
}

// hour of arrival, in hours since 1970.
type hour int64

func hourAt(t time.Time) hour { return hour(t.Unix() / 3600) }

// hours in which something that is retained may have arrived, oldest first.
func hours(retention time.Duration) []hour {
	now := time.Now()
	var hs []hour
	for h := hourAt(now.Add(-retention)); h <= hourAt(now); h++ {
		hs = append(hs, h)
	}
	return hs
}

func hex(n uint64) string { return strconv.FormatUint(n, 16) }
