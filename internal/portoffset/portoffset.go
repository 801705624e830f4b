// Package portoffset decides by how much the ports of the built-in
// configuration, and of what talks to it on this machine, are moved.
package portoffset

import (
	"fmt"
	"net"
	"strconv"
)

// Variable of the environment that is added to every port.
const Variable = "JCG_PORT_OFFSET"

// Parse reads an offset that keeps ports up to the highest below 65536; name is
// what errors call it.
func Parse(name, value string, highest int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || highest+n > 65535 {
		return 0, fmt.Errorf("%s=%q: must be a whole number from 0 to %d", name, value, 65535-highest)
	}
	return n, nil
}

// Local is the address on this machine of a port that the environment may move.
func Local(getenv func(string) string, port int) (string, error) {
	if value := getenv(Variable); value != "" {
		n, err := Parse(Variable, value, port)
		if err != nil {
			return "", err
		}
		port += n
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}
