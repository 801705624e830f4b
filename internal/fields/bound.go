package fields

import (
	"fmt"
	"time"
)

// Between fails where the value of a field is outside what is accepted.
func Between[T int | time.Duration](field string, v, least, most T) error {
	if v < least || v > most {
		return fmt.Errorf("%s: %v is outside the accepted %v to %v", field, v, least, most)
	}
	return nil
}

// Default sets a field that is zero.
func Default[T comparable](v *T, d T) {
	if *v == *new(T) {
		*v = d
	}
}
