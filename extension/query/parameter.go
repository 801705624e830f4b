package query

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParameterError is a request's fault: what it says of which parameter, and
// what would be accepted.
type ParameterError struct{ Field, Value, Limits string }

func (e *ParameterError) Error() string {
	value := e.Value
	if len(value) > 100 {
		value = value[:100] + "…"
	}
	if value == "" {
		return fmt.Sprintf("parameter %s %s", e.Field, e.Limits)
	}
	return fmt.Sprintf("parameter %s=%q %s", e.Field, value, e.Limits)
}

// parameters reads a request's query; the first fault stays in err, and what
// is read after it is worth nothing.
type parameters struct {
	values url.Values
	asked  map[string]bool // names that were read
	now    time.Time
	err    error
}

func (s *Server) parameters(r *http.Request) *parameters {
	p := &parameters{now: s.options.Now(), asked: map[string]bool{}}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.refuse("query", r.URL.RawQuery, "must be URL-encoded: "+err.Error())
	}
	p.values = values
	return p
}

func (p *parameters) refuse(field, value, limits string) {
	if p.err == nil {
		p.err = &ParameterError{field, value, limits}
	}
}

func (p *parameters) text(name string) string {
	p.read(name)
	return p.values.Get(name)
}

func (p *parameters) read(name string) {
	if p.asked != nil {
		p.asked[name] = true
	}
}

// fault is the first one. A parameter that nobody read is one: a misspelt name
// must not mean its default.
func (p *parameters) fault() error {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !p.asked[name] {
			p.refuse(name, p.values.Get(name), "is not known here: accepted are "+strings.Join(slices.Sorted(maps.Keys(p.asked)), ", "))
		}
	}
	return p.err
}

func (p *parameters) required(name string) string {
	value := p.text(name)
	if value == "" {
		p.refuse(name, value, "is required")
	}
	return value
}

// checkBoolean refuses what Jaeger does not read as one.
func (p *parameters) checkBoolean(name string) {
	value := p.text(name)
	if _, err := strconv.ParseBool(value); err != nil && value != "" {
		p.refuse(name, value, "must be true or false")
	}
}

// integer is between least and most, both included.
func (p *parameters) integer(name string, otherwise, least, most int64) int64 {
	value := p.text(name)
	if value == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		p.refuse(name, value, fmt.Sprintf("must be a whole number from %d to %d", least, most))
		return otherwise
	}
	return n
}

// duration is as Go writes it: 1.5s, 200ms, 3h; not negative. Without one it is 0.
func (p *parameters) duration(name string) time.Duration {
	value := p.text(name)
	if value == "" {
		return 0
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		p.refuse(name, value, "must be a duration such as 100us, 1.5s or 2h, not negative")
	}
	return d
}

// lastInstant is the last one that a nanosecond count since 1970 can name.
var lastInstant = time.Unix(0, math.MaxInt64)

const instantLimits = "must be a time from 1970 to 2262 in RFC 3339, as Unix nanoseconds, now, or a distance from now such as -15m"

// instant is a time in RFC 3339, Unix nanoseconds, or a duration from now.
func (p *parameters) instant(name string, otherwise time.Time) time.Time {
	value := p.text(name)
	if value == "" {
		return otherwise
	}
	t, ok := p.parseInstant(value)
	if !ok || t.Before(time.Unix(0, 0)) || t.After(lastInstant) {
		p.refuse(name, value, instantLimits)
		return otherwise
	}
	return t.UTC()
}

func (p *parameters) parseInstant(value string) (time.Time, bool) {
	if value == "now" {
		return p.now, true
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Unix(0, n), true
	}
	if d, err := time.ParseDuration(value); err == nil {
		return p.now.Add(d), true
	}
	// A plus sign that was not encoded arrives as a space.
	t, err := time.Parse(time.RFC3339Nano, strings.ReplaceAll(value, " ", "+"))
	return t, err == nil
}

// epoch is a time counted in units since 1970, as Jaeger has it.
func (p *parameters) epoch(name string, unit time.Duration, otherwise time.Time) time.Time {
	if p.text(name) == "" {
		return otherwise
	}
	n := p.integer(name, 0, 0, math.MaxInt64/int64(unit))
	return time.Unix(0, n*int64(unit)).UTC()
}

// ordered refuses a window that ends before it begins.
func (p *parameters) ordered(first, last string, from, to time.Time) {
	if from.After(to) {
		p.refuse(last, p.text(last), fmt.Sprintf("must not lie before %s (%s)", first, from.UTC().Format(time.RFC3339Nano)))
	}
}
