package callgraph

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// ShortID is bytes 8–11 of a trace ID, whoever made it: the paper's short
// UUID (3.3). It is a part of the full ID that a person can see and grep.
type ShortID uint32

// ShortIDOf is the short ID of a trace ID.
func ShortIDOf(traceID [16]byte) ShortID { return ShortID(binary.BigEndian.Uint32(traceID[8:12])) }

// String is eight hex digits.
func (s ShortID) String() string { return fmt.Sprintf("%08x", uint32(s)) }

// ParseShortID reads eight hex digits.
func ParseShortID(s string) (ShortID, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 {
		return 0, fmt.Errorf("short ID %q is not eight hex digits", s)
	}
	return ShortID(n), nil
}
