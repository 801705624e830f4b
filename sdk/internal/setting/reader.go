package setting

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reader reads variables and collects what is wrong with them.
type reader struct {
	lookup func(string) string
	errs   []error
}

// refuse notes once that a variable's value is not accepted.
func (r *reader) refuse(name, value, accepted string) {
	err := fmt.Errorf("%s=%q: accepted: %s", name, value, accepted)
	if !slices.ContainsFunc(r.errs, func(e error) bool { return e.Error() == err.Error() }) {
		r.errs = append(r.errs, err)
	}
}

func (r *reader) err() error { return errors.Join(r.errs...) }

// value is empty where the variable is not set, as the specification has it.
func (r *reader) value(name string) string { return strings.TrimSpace(r.lookup(name)) }

// first is the first of the variables that is set.
func (r *reader) first(names ...string) (name, value string) {
	for _, name = range names {
		if value = r.value(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// list is a variable of values with commas between them.
func (r *reader) list(name string) (values []string) {
	for v := range strings.SplitSeq(r.value(name), ",") {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// noLimit as the least number lets all below zero stand for it.
const noLimit = -1

// whole is a number from least on.
func (r *reader) whole(least, otherwise int, names ...string) int {
	name, value := r.first(names...)
	if value == "" {
		return otherwise
	}
	n, err := strconv.Atoi(value)
	if least == noLimit {
		n = max(n, noLimit)
	}
	if err != nil || n < least || n > math.MaxInt32 {
		r.refuse(name, value, fmt.Sprintf("a whole number from %d to %d", least, math.MaxInt32))
		return otherwise
	}
	return n
}

func (r *reader) milliseconds(least int, name string) time.Duration {
	return time.Duration(r.whole(least, 0, name)) * time.Millisecond
}

// oneOf is the first of the variables that is set; the first value is the
// default.
func (r *reader) oneOf(accepted []string, names ...string) string {
	name, value := r.first(names...)
	if value == "" {
		return accepted[0]
	}
	if v := strings.ToLower(value); slices.Contains(accepted, v) {
		return v
	}
	r.refuse(name, value, orList(accepted))
	return accepted[0]
}

func orList(values []string) string { return strings.Join(values, ", ") }
