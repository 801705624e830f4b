package command

import (
	"fmt"
	"strconv"
	"time"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/otlpsend"
	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/replay"
)

// The flags' values implement pflag.Value; pflag puts the flag's name and the
// refused value before their errors, which say what is accepted.

// count is a whole number within limits.
type count struct {
	value    int
	min, max int
}

func (c *count) String() string { return strconv.Itoa(c.value) }
func (c *count) Type() string   { return "number" }

func (c *count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < c.min || n > c.max {
		return fmt.Errorf("want a whole number from %d to %d", c.min, c.max)
	}
	c.value = n
	return nil
}

// bounded is a number from 0 to a limit.
type bounded struct{ value, max float64 }

func (b *bounded) String() string { return strconv.FormatFloat(b.value, 'g', -1, 64) }
func (b *bounded) Type() string   { return "number" }

func (b *bounded) Set(s string) error {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0 && n <= b.max) {
		return fmt.Errorf("want a number from 0 to %g", b.max)
	}
	b.value = n
	return nil
}

// period is a duration that is not negative.
type period struct{ value time.Duration }

func (p *period) String() string { return p.value.String() }
func (p *period) Type() string   { return "duration" }

func (p *period) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("want a duration such as 500ms, 10s or 1m30s, not negative")
	}
	p.value = d
	return nil
}

type rateFlag struct{ value replay.Rate }

func (r *rateFlag) String() string { return r.value.String() }
func (r *rateFlag) Type() string   { return "rate" }

func (r *rateFlag) Set(s string) (err error) {
	r.value, err = replay.ParseRate(s)
	return err
}

type protocolFlag struct{ value otlpsend.Protocol }

func (p *protocolFlag) String() string { return string(p.value) }
func (p *protocolFlag) Type() string   { return "protocol" }

func (p *protocolFlag) Set(s string) error {
	switch v := otlpsend.Protocol(s); v {
	case otlpsend.GRPC, otlpsend.HTTP:
		p.value = v
		return nil
	}
	return fmt.Errorf("want %s or %s", otlpsend.GRPC, otlpsend.HTTP)
}

type compressionFlag struct{ gzip bool }

func (c *compressionFlag) Type() string { return "compression" }

func (c *compressionFlag) String() string {
	if c.gzip {
		return "gzip"
	}
	return "none"
}

func (c *compressionFlag) Set(s string) error {
	if s != "gzip" && s != "none" {
		return fmt.Errorf("want gzip or none")
	}
	c.gzip = s == "gzip"
	return nil
}

// headerFlag collects headers; each use of the flag adds one.
type headerFlag struct{ values map[string]string }

func (h *headerFlag) String() string { return "" } // values may be secrets
func (h *headerFlag) Type() string   { return "key=value" }

func (h *headerFlag) Set(s string) error {
	key, value, err := otlpsend.ParseHeader(s)
	if err != nil {
		return fmt.Errorf("want key=value")
	}
	if h.values == nil {
		h.values = map[string]string{}
	}
	h.values[key] = value
	return nil
}
