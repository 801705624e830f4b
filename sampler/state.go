package sampler

import (
	"errors"
	"fmt"
	"strings"
)

// State is the ot entry of a tracestate: the threshold that the trace was
// sampled by (th), randomness of its own (rv), and what others keep there.
type State struct {
	Threshold     Threshold
	Randomness    Randomness
	HasThreshold  bool
	HasRandomness bool

	rest string // other fields, as they were
}

// StateKey is the key of a State in a tracestate.
const StateKey = "ot"

// stateLimit is how long the entry's value may be, in bytes.
const stateLimit = 256

// ParseState reads the value of the entry. A field that is not valid is left
// out and told in the error; the others hold all the same.
func ParseState(value string) (State, error) {
	if len(value) > stateLimit {
		return State{}, fmt.Errorf("ot entry of %d bytes, the limit is %d", len(value), stateLimit)
	}
	var s State
	var errs []error
	for left, more := value, value != ""; more; {
		var field string
		field, left, more = strings.Cut(left, ";")
		if err := s.parse(field); err != nil {
			errs = append(errs, err)
		}
	}
	return s, errors.Join(errs...)
}

func (s *State) parse(field string) (err error) {
	key, value, ok := strings.Cut(field, ":")
	if !ok || !validField(key, value) {
		return fmt.Errorf("field %s of ot is not key:value", quote(field))
	}
	switch {
	case key == "th" && !s.HasThreshold:
		s.Threshold, err = ParseThreshold(value)
		s.HasThreshold = err == nil
	case key == "rv" && !s.HasRandomness:
		s.Randomness, err = ParseRandomness(value)
		s.HasRandomness = err == nil
	case key == "th" || key == "rv":
		return fmt.Errorf("second %s in ot", key)
	case s.rest == "":
		s.rest = field
	default:
		s.rest += ";" + field
	}
	return err
}

// validField holds fields to the specification: a lower-case letter, then
// letters and digits; a value of letters, digits and "._-".
func validField(key, value string) bool {
	if key == "" || isDigit(key[0]) {
		return false
	}
	for i := range len(key) {
		if !isLower(key[i]) && !isDigit(key[i]) {
			return false
		}
	}
	for i := range len(value) {
		if c := value[i]; !isLower(c|0x20) && !isDigit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// RandomnessOf is the randomness of a trace with this state.
func (s State) RandomnessOf(traceID [16]byte) Randomness {
	if s.HasRandomness {
		return s.Randomness
	}
	return RandomnessOf(traceID)
}

// String is the entry's value, empty where nothing is to be said.
func (s State) String() string { return string(s.Append(nil)) }

// Append appends the entry's value. What others keep there is left out where
// it no longer fits.
func (s State) Append(b []byte) []byte {
	start := len(b)
	if s.HasThreshold && s.Threshold < Never {
		b = s.Threshold.append(append(b, "th:"...))
	}
	if s.HasRandomness {
		b = appendHex(append(separate(b, start), "rv:"...), uint64(s.Randomness))
	}
	if s.rest != "" && len(b)-start+1+len(s.rest) <= stateLimit {
		b = append(separate(b, start), s.rest...)
	}
	return b
}

func separate(b []byte, start int) []byte {
	if len(b) > start {
		return append(b, ';')
	}
	return b
}
