package server

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	errDraining = status.Error(codes.Unavailable, "receiver is shutting down")
	errReplaced = status.Error(codes.Aborted, "another stream of this sender began")
)

// senders remembers up to which frame each sender's are durable.
type senders struct {
	mu       sync.Mutex
	draining bool
	open     map[name]*sender // that have streams
	past     *simplelru.LRU[name, uint64]
}

// sender has one stream at work, and others that wait until that has ended.
type sender struct {
	turn    chan struct{} // holds something while a stream is at work
	durable uint64        // last frame that is, as are all before it; of the stream at work
	latest  *stream
	streams int
}

func newSenders(limit int) *senders {
	past, err := simplelru.NewLRU[name, uint64](limit, nil)
	if err != nil {
		panic(err) // limits are above 0
	}
	return &senders{open: map[name]*sender{}, past: past}
}

// join adds a stream, which ends the sender's others.
func (t *senders) join(n name, st *stream) (*sender, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining {
		return nil, errDraining
	}
	s := t.open[n]
	if s == nil {
		durable, _ := t.past.Peek(n)
		t.past.Remove(n)
		s = &sender{turn: make(chan struct{}, 1), durable: durable}
		t.open[n] = s
	} else {
		s.latest.end(errReplaced)
	}
	s.latest = st
	s.streams++
	return s, nil
}

func (t *senders) leave(n name, s *sender) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.streams--; s.streams > 0 {
		return
	}
	delete(t.open, n)
	if s.durable > 0 {
		t.past.Add(n, s.durable)
	}
}

// drain ends all streams, and lets none begin.
func (t *senders) drain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draining = true
	for _, s := range t.open {
		s.latest.end(errDraining)
	}
}

// enter waits until no other stream is at work.
func (s *sender) enter(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func (s *sender) exit() { <-s.turn }
