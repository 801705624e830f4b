// Package refusal decides whether an exporter's error is the receiver's final
// word, or may pass. Some errors say so themselves; for others it is as the OTLP
// specification sets out: OTel's exporters retry by that rule and do not tell.
package refusal

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What OTel's exporters say; their errors have no types of their own.
const (
	partialSuccess = "OTLP partial success"
	httpRefused    = "failed to send "     // "metrics to" or "to": a status that is not to be retried
	tooLarge       = "too large: exceeded" // never left the process
)

// Final reports whether the receiver, or the exporter for it, refused the data for
// good. Errors that say nothing of the kind are not final.
func Final(err error) bool {
	if err == nil {
		return false
	}
	var says interface{ Refused() bool }
	if errors.As(err, &says) {
		return says.Refused()
	}
	if s, ok := status.FromError(err); ok {
		return !passing(s)
	}
	text := err.Error()
	return strings.Contains(text, partialSuccess) || strings.Contains(text, httpRefused) || strings.Contains(text, tooLarge)
}

// passing are the codes after which OTLP says to try again; a receiver without
// room says in its details whether it will have some.
func passing(s *status.Status) bool {
	switch s.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		return true
	case codes.ResourceExhausted:
		return len(s.Details()) > 0
	default:
		return false
	}
}
