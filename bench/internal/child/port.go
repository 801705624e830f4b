package child

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// ports of the collector's built-in configuration and of Jaeger, unshifted.
var ports = []int{1777, 4317, 4318, 4319, 8888, 8889, 13133, 16685, 16686}

// FreeOffset returns a number that can be added to every port so that none is
// taken: other servers may run on this machine, and must not be mistaken for
// the one that is measured.
func FreeOffset(ctx context.Context) (int, error) {
	const tries, least, most = 100, 10_000, 45_000
	for range tries {
		if offset := least + rand.IntN(most-least); free(ctx, offset) {
			return offset, nil
		}
	}
	return 0, errors.New("find free ports: tried in vain")
}

func free(ctx context.Context, offset int) bool {
	for _, port := range ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port+offset))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// FreeAddresses are so many of the loopback that nobody listens on, for now.
func FreeAddresses(ctx context.Context, n int) (addresses []string, err error) {
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find free ports: %w", err)
		}
		defer l.Close() // once all are found, so that no two are the same
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
