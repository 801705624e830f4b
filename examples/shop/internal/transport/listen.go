package transport

import (
	"context"
	"fmt"
	"net"
	"os"
)

// InheritedFD is the file descriptor of the listener that a supervisor hands
// to a service: its address outlives the process.
const InheritedFD = 3

// Listen takes over the supervisor's listener, or else opens one.
func Listen(ctx context.Context, address string, inherit bool) (net.Listener, error) {
	if !inherit {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
		return listener, nil
	}
	file := os.NewFile(InheritedFD, "listener")
	defer file.Close()
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("take over the listener for %s: %w", address, err)
	}
	return listener, nil
}
