package storageextension

import (
	"fmt"
	"math"
	"strconv"

	"github.com/dustin/go-humanize"
)

// Size in bytes, written as people do: 10GiB, 500 MB, 1048576.
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("size %q: must be a number of bytes with or without a unit, such as 10GiB, 500MB or 1048576", text)
	}
	*s = Size(n)
	return nil
}

// MarshalText is for print-config.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String reads well where that is exact, else it is the number of bytes.
func (s Size) String() string {
	text := humanize.IBytes(uint64(max(s, 0)))
	if n, err := humanize.ParseBytes(text); err != nil || Size(n) != s {
		return strconv.FormatInt(int64(s), 10)
	}
	return text
}
