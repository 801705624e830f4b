package storage

import (
	"context"
	"errors"
)

// Why a write failed, as metrics name it.
const (
	CauseFull    = "full"
	CauseClosed  = "closed"
	CauseTimeout = "timeout"
	CauseError   = "error"
)

// Causes are all that Cause tells.
func Causes() []string { return []string{CauseFull, CauseClosed, CauseTimeout, CauseError} }

// Cause is the word of metrics for why a write failed.
func Cause(err error) string {
	switch {
	case errors.Is(err, ErrFull):
		return CauseFull
	case errors.Is(err, ErrClosed):
		return CauseClosed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return CauseTimeout
	}
	return CauseError
}
