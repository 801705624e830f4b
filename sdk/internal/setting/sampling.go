package setting

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// samplers are OTel's names of rates.
var samplers = []string{
	"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio", "always_on", "always_off", "traceidratio",
}

// rate is what OTEL_TRACES_SAMPLER says: a part of the successes.
func (r *reader) rate() sampler.Rate {
	name := r.oneOf(samplers, Sampler)
	kind, parent := strings.CutPrefix(name, "parentbased_")
	var rate sampler.Rate
	switch kind {
	case "always_on":
		rate = sampler.Always
	case "always_off":
		rate = sampler.Off
	default:
		rate = r.ratio()
	}
	if parent {
		return sampler.ParentBased{Root: rate}
	}
	return rate
}

func (r *reader) ratio() sampler.Rate {
	value := r.value(SamplerArgument)
	if value == "" {
		return sampler.Always
	}
	ratio, err := strconv.ParseFloat(value, 64)
	if err != nil || !isRatio(ratio) {
		r.refuse(SamplerArgument, value, "a number from 0 to 1")
		return sampler.Always
	}
	return sampler.RatioOf(ratio)
}

func isRatio(v float64) bool { return v >= 0 && v <= 1 } // not NaN

var marks = map[string]sampler.Marks{"errors": sampler.Errors, "soft_errors": sampler.SoftErrors}

const keepAccepted = "none, or of errors, soft_errors, slow=DURATION, slowest=QUANTILE, first_sight=DURATION, debug=BAGGAGE-KEY those that are wanted"

// keep reads what is kept whatever the rate.
func (s *Setting) keep(words []string) error {
	if len(words) == 1 && words[0] == "none" {
		words = nil
	}
	kept := Setting{Policy: sampler.Policy{Keep: sampler.None}}
	for _, word := range words {
		if !kept.keepOne(word) {
			return fmt.Errorf("%q: accepted: %s", word, keepAccepted)
		}
	}
	s.Policy.Keep, s.FirstSight, s.DebugKey = kept.Policy.Keep, kept.FirstSight, kept.DebugKey
	return nil
}

func (s *Setting) keepOne(word string) (ok bool) {
	k := sampler.Keep(marks[word])
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "slow":
		limit, err := time.ParseDuration(value)
		k, ok = sampler.Slow{Limit: limit}, err == nil && limit > 0
	case "slowest":
		quantile, err := strconv.ParseFloat(value, 64)
		k, ok = sampler.NewSlowest(quantile), err == nil && quantile > 0 && quantile < 1
	case "first_sight":
		every, err := time.ParseDuration(value)
		s.FirstSight, ok = every, err == nil && every >= time.Second
	case "debug":
		s.DebugKey, ok = value, value != ""
	default:
		ok = k != sampler.Keep(sampler.None)
	}
	s.Policy.Keep = sampler.Any(s.Policy.Keep, k)
	return ok
}

func (r *reader) keep(s *Setting) {
	words := r.list(Keep)
	if len(words) == 0 {
		return
	}
	if err := s.keep(words); err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", Keep, err))
	}
}
