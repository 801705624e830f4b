package supervisor

import (
	"context"
	"fmt"
	"net"
	"time"
)

// listen opens a service's listener; where the wanted port is taken, on a free
// one, and says so.
func (s *shop) listen(ctx context.Context, name, wanted string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", wanted)
	if err != nil {
		s.reportf("%s cannot listen on %s, takes a free port: %v", name, wanted, err)
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("listen for %s: %w", name, err)
		}
	}
	defer listener.Close() // its duplicate below stays open
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return fmt.Errorf("listener of %s: %w", name, err)
	}
	s.sockets[name], s.at[name] = file, listener.Addr().String()
	return nil
}

func (s *shop) closeSockets() {
	for _, file := range s.sockets {
		file.Close()
	}
}

const (
	look = 200 * time.Millisecond // between two looks for the collector
	mute = 10 * time.Second       // before saying that it is waited for
)

// awaitCollector waits until something takes spans, so that no order is lost to
// the graph, and then says that the shop is open. It reports false where ctx
// ended first.
func (s *shop) awaitCollector(ctx context.Context) bool {
	turn, impatient := time.NewTicker(look), time.NewTimer(mute)
	defer turn.Stop()
	defer impatient.Stop()
	for !reachable(ctx, s.Collector) {
		select {
		case <-ctx.Done():
			return false
		case <-impatient.C:
			s.reportf("no load yet: waiting for a collector at %s", s.Collector)
		case <-turn.C:
		}
	}
	if len(s.Command) > 0 && !s.lasts(ctx) {
		return false // something else takes spans there
	}
	s.greet()
	return true
}

// lasts reports whether the command beside the shop is still there when it would
// have found its ports taken.
func (s *shop) lasts(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Second):
		return true
	}
}

func reachable(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}
