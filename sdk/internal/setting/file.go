package setting

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.yaml.in/yaml/v3"

	"github.com/jcallgraph/jcallgraph/sampler"
)

// FromFile reads a declarative configuration file of format 1.0. Its sections
// about metrics, logs and instrumentation are another's. Variables count where
// the file names them.
func FromFile(data []byte, lookup func(string) string) (Setting, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return Setting{}, err
	}
	if len(document.Content) == 0 {
		return Setting{}, errors.New("the file is empty; accepted: file_format: \"1.0\" and what follows")
	}
	if err := substitute(&document, lookup); err != nil {
		return Setting{}, err
	}
	f := file{Setting: defaults()}
	f.FromFile, f.Propagators = true, nil
	if err := f.read(node{Node: document.Content[0]}); err != nil {
		return Setting{}, err
	}
	return f.Setting, nil
}

// file is a Setting as it is read.
type file struct {
	Setting
	format     string
	list       string               // of attributes
	attributes []attribute.KeyValue // more than those of list
	own        extension
}

func (f *file) read(n node) error {
	known := fields{
		"file_format":      f.readFormat,
		"disabled":         to(&f.Disabled),
		"attribute_limits": f.readAnyLimits,
		"resource":         f.readResource,
		"propagator":       f.readPropagator,
		"tracer_provider":  f.readTracerProvider,
		"distribution":     f.readDistribution,
		"log_level?":       skip, "meter_provider?": skip, "logger_provider?": skip, "instrumentation/development?": skip,
	}
	// What is general comes before what is special, wherever it stands.
	if err := n.each(known.only("attribute_limits")); err != nil {
		return err
	}
	delete(known, "attribute_limits")
	known["attribute_limits?"] = skip
	if err := n.each(known); err != nil {
		return err
	}
	if f.format == "" {
		return errors.New(`file_format: missing; accepted: "1.0"`)
	}
	return f.finish()
}

// only reads one of the fields and skips the others.
func (f fields) only(name string) fields {
	some := fields{name: f[name]}
	for other := range f {
		if other != name {
			some[strings.TrimSuffix(other, "?")+"?"] = skip
		}
	}
	return some
}

func (f *file) readFormat(n node) error {
	if f.format = n.Value; f.format != "1" && !strings.HasPrefix(f.format, "1.") {
		return n.refuse("1.0")
	}
	return nil
}

func (f *file) readAnyLimits(n node) error {
	return n.each(fields{
		"attribute_value_length_limit": toWhole(&f.Limits.AttributeValueLengthLimit, 0),
		"attribute_count_limit":        toWhole(&f.Limits.AttributeCountLimit, 0),
	})
}

func (f *file) readLimits(n node) error {
	l := &f.Limits
	return n.each(fields{
		"attribute_value_length_limit": toWhole(&l.AttributeValueLengthLimit, 0),
		"attribute_count_limit":        toWhole(&l.AttributeCountLimit, 0),
		"event_count_limit":            toWhole(&l.EventCountLimit, 0),
		"link_count_limit":             toWhole(&l.LinkCountLimit, 0),
		"event_attribute_count_limit":  toWhole(&l.AttributePerEventCountLimit, 0),
		"link_attribute_count_limit":   toWhole(&l.AttributePerLinkCountLimit, 0),
	})
}

func (f *file) readPropagator(n node) error {
	var list string
	err := n.each(fields{
		"composite": func(n node) error {
			return n.items(func(n node) error {
				return n.entries(func(name string, _ node) error {
					f.propagate(name)
					return nil
				})
			})
		},
		"composite_list": to(&list),
	})
	for name := range strings.SplitSeq(list, ",") {
		f.propagate(strings.TrimSpace(name))
	}
	return err
}

func (f *file) propagate(name string) {
	for _, known := range f.Propagators {
		if known == name {
			return
		}
	}
	if name != "" && name != "none" {
		f.Propagators = append(f.Propagators, name)
	}
}

func (f *file) readTracerProvider(n node) error {
	return n.each(fields{
		"processors": func(n node) error { return n.items(f.readProcessor) },
		"limits":     f.readLimits,
		"sampler": func(n node) (err error) {
			f.Policy.Rate, err = readSampler(n)
			return err
		},
	})
}

// readSampler reads the standard samplers, of which each is a rate.
func readSampler(n node) (rate sampler.Rate, err error) {
	ratio := 1.0
	share := func(n node) error {
		if err := n.each(fields{"ratio": toRatio(&ratio)}); err != nil {
			return err
		}
		rate = sampler.RatioOf(ratio)
		return nil
	}
	err = n.one(fields{
		"always_on?":               func(node) error { rate = sampler.Always; return nil },
		"always_off?":              func(node) error { rate = sampler.Off; return nil },
		"trace_id_ratio_based?":    share,
		"probability/development?": share,
		"parent_based?": func(n node) (err error) {
			rate, err = readParentBased(n)
			return err
		},
	})
	return rate, err
}

func toRatio(v *float64) func(node) error {
	return func(n node) error {
		if err := to(v)(n); err != nil || !isRatio(*v) {
			return n.refuse("a number from 0 to 1")
		}
		return nil
	}
}

// readParentBased: what parents decided holds; the file may say so, and no more.
func readParentBased(n node) (sampler.Rate, error) {
	var p sampler.ParentBased
	must := func(want sampler.Fixed) func(node) error {
		return func(n node) error {
			if rate, err := readSampler(n); err != nil || rate != sampler.Rate(want) {
				return n.errorf("accepted: always_on where the parent is sampled, always_off where it is not")
			}
			return nil
		}
	}
	err := n.each(fields{
		"root": func(n node) (err error) {
			p.Root, err = readSampler(n)
			return err
		},
		"remote_parent_sampled": must(sampler.Always), "local_parent_sampled": must(sampler.Always),
		"remote_parent_not_sampled": must(sampler.Off), "local_parent_not_sampled": must(sampler.Off),
	})
	return p, err
}

// finish makes of the parts what they mean together.
func (f *file) finish() error {
	if err := f.readAttributeList(); err != nil {
		return err
	}
	f.Resource = append(f.Resource, f.attributes...)
	f.Named = true
	f.own.apply(&f.Setting)
	if f.Edges == nil && !f.own.noEdges {
		f.Edges = f.edgesBySpans()
	}
	return nil
}

// edgesBySpans sends the counts where the first exporter sends spans that takes
// both: by compact, else by OTLP.
func (f *file) edgesBySpans() *Exporter {
	if e := compactOf(f.Senders); e != nil {
		return e
	}
	for _, s := range f.Senders {
		if s.Exporter.Kind != Console {
			return s.Exporter.ofCounts()
		}
	}
	return nil
}

// ofCounts is the exporter of counts beside that of spans.
func (e Exporter) ofCounts() *Exporter {
	if e.Kind != Compact {
		e.Endpoint = MetricsURL(e.Endpoint)
	}
	return &e
}

func (f *file) readAttributeList() error {
	for entry := range strings.SplitSeq(f.list, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(entry), "=")
		switch {
		case ok && key != "":
			f.Resource = append(f.Resource, attribute.String(strings.TrimSpace(key), strings.TrimSpace(value)))
		case entry != "":
			return fmt.Errorf("resource.attributes_list: %q: accepted: key=value,key=value", entry)
		}
	}
	return nil
}
