package builtinprovider

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"

	"go.uber.org/zap"
)

// warnOfTaken tells which ports of a configuration are in use. The component
// that can't listen fails by itself, but does not know how to shift all ports.
// The collector shows warnings of its providers only when it starts or fails to.
func warnOfTaken(ctx context.Context, ports []int, logger *zap.Logger) {
	for _, port := range ports {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		switch {
		case err == nil:
			_ = l.Close() // nothing was accepted
		case errors.Is(err, syscall.EADDRINUSE):
			logger.Warn(address + " is in use by another program, and what the built-in configuration serves there fails unless an overlay moves it: " +
				"stop that program, or shift all ports, as in " + EnvPortOffset + "=10000")
		}
	}
}
