package memory

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/jcallgraph/jcallgraph/storage"
)

// Server stands for the process that holds the data. Several backends on one
// server see each other's data, and a server outlives its backends: opening
// one again is a restart.
type Server struct{ commands commands }

// NewServer is an empty server that refuses writes beyond maxBytes.
func NewServer(maxBytes int64) *Server {
	return &Server{commands{limit: maxBytes, values: map[string]value{}, hashes: map[string]map[string][]byte{}}}
}

// Bytes is how much the server holds.
func (s *Server) Bytes() int64 {
	s.commands.mu.Lock()
	defer s.commands.mu.Unlock()
	return s.commands.bytes
}

// commands are those of JimDB that the layout needs, under their names. Values
// are shared with the caller and never changed.
type commands struct {
	mu     sync.Mutex
	limit  int64
	bytes  int64
	values map[string]value
	hashes map[string]map[string][]byte // hashes cannot expire
	swept  time.Time
}

type value struct {
	bytes   []byte
	expires time.Time // zero: never
}

func (v value) dead(now time.Time) bool { return !v.expires.IsZero() && !now.Before(v.expires) }

// errOutOfMemory is what the server answers to writes beyond its limit.
var errOutOfMemory = errors.New("memory limit reached")

// Get returns nil where there is no value.
func (c *commands) Get(key string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.values[key]
	if v.dead(time.Now()) {
		return nil
	}
	return v.bytes
}

// Set keeps a value until it is deleted.
func (c *commands) Set(key string, b []byte) error { return c.set(key, value{bytes: b}) }

// SetEx keeps a value for a time.
func (c *commands) SetEx(key string, ttl time.Duration, b []byte) error {
	return c.set(key, value{b, time.Now().Add(ttl)})
}

func (c *commands) set(key string, v value) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reserve(func() int64 {
		old, had := c.values[key]
		return cost(key, v.bytes) - costIf(had, key, old.bytes)
	}); err != nil {
		return err
	}
	c.values[key] = v
	return nil
}

// HSet sets one field of a hash.
func (c *commands) HSet(key, field string, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reserve(func() int64 {
		old, had := c.hashes[key][field]
		return cost(field, b) - costIf(had, field, old)
	}); err != nil {
		return err
	}
	if c.hashes[key] == nil {
		c.hashes[key] = map[string][]byte{}
	}
	c.hashes[key][field] = b
	return nil
}

// HGet returns nil where there is no such field.
func (c *commands) HGet(key, field string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hashes[key][field]
}

// HGetAll returns a copy of the hash.
func (c *commands) HGetAll(key string) map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.hashes[key])
}

// HDel deletes one field of a hash.
func (c *commands) HDel(key, field string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.hashes[key][field]; ok {
		c.bytes -= cost(field, b)
		delete(c.hashes[key], field)
	}
}

// Del deletes a value or a hash.
func (c *commands) Del(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.values[key]; ok {
		c.drop(key, v)
	}
	for field, b := range c.hashes[key] {
		c.bytes -= cost(field, b)
	}
	delete(c.hashes, key)
}

func (c *commands) drop(key string, v value) {
	c.bytes -= cost(key, v.bytes)
	delete(c.values, key)
}

// reserve makes room for a write, first from what has expired. What the write
// adds is asked for again then: its own old value may be gone.
func (c *commands) reserve(growth func() int64) error {
	c.sweep(sweepEvery)
	if c.bytes+growth() > c.limit {
		c.sweep(sweepFull)
	}
	n := growth()
	if n > 0 && c.bytes+n > c.limit {
		return fmt.Errorf("%w: %d bytes and %d more, limit %d: %w", errOutOfMemory, c.bytes, n, c.limit, storage.ErrFull)
	}
	c.bytes += n
	return nil
}

// How often expired values are looked for at most: usually, and when memory is
// short.
const (
	sweepEvery = time.Minute
	sweepFull  = time.Second
)

func (c *commands) sweep(every time.Duration) {
	now := time.Now()
	if now.Sub(c.swept) < every {
		return
	}
	c.swept = now
	for key, v := range c.values {
		if v.dead(now) {
			c.drop(key, v)
		}
	}
}

// entryOverhead is about what a map entry costs beside its key and value.
const entryOverhead = 64

func cost(key string, b []byte) int64 { return int64(len(key)+len(b)) + entryOverhead }

func costIf(present bool, key string, b []byte) int64 {
	if !present {
		return 0
	}
	return cost(key, b)
}
