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

var marks = map[string]sampler.Marks{
	"errors": sampler.Errors, "soft_errors": sampler.SoftErrors, "first_sight": sampler.FirstSight, "debug": sampler.Debug,
}

const keepAccepted = "none, or of errors, soft_errors, first_sight, debug, slow=DURATION, slowest=QUANTILE those that are wanted"

// keep reads what is kept whatever the rate; nothing set is errors.
func keep(words []string) (sampler.Keep, error) {
	if len(words) == 0 {
		return sampler.Errors, nil
	}
	if len(words) == 1 && words[0] == "none" {
		return sampler.None, nil
	}
	var all []sampler.Keep
	for _, word := range words {
		k, ok := keepOne(word)
		if !ok {
			return sampler.Errors, fmt.Errorf("%q: accepted: %s", word, keepAccepted)
		}
		all = append(all, k)
	}
	return sampler.Any(all...), nil
}

func keepOne(word string) (k sampler.Keep, ok bool) {
	if mark, ok := marks[word]; ok {
		return mark, true
	}
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "slow":
		limit, err := time.ParseDuration(value)
		return sampler.Slow{Limit: limit}, err == nil && limit > 0
	case "slowest":
		quantile, err := strconv.ParseFloat(value, 64)
		return sampler.NewSlowest(quantile), err == nil && quantile > 0 && quantile < 1
	}
	return nil, false
}

func (r *reader) keep() sampler.Keep {
	words := r.list(Keep)
	k, err := keep(words)
	if err != nil {
		r.errs = append(r.errs, fmt.Errorf("%s: %w", Keep, err))
	}
	return k
}
