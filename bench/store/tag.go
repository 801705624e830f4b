package main

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

type tag struct{ key, value string }

// tags are those of a set to ask for.
type tags struct {
	rare   []tag    // of one to ten spans of the set
	common []tag    // of one span in fifty and more
	apart  [][2]tag // common ones that no span has both of
}

const manySpans = 50 // one in so many spans makes a tag common

func countTags(set *dataset) tags {
	c := counting{spans: map[tag]int{}}
	for _, td := range set.requests {
		c.eachSpan(td, func(all []tag) {
			for _, t := range all {
				c.spans[t]++
			}
		})
	}
	var t tags
	for x, n := range c.spans {
		switch {
		case n <= 10:
			t.rare = append(t.rare, x)
		case n >= set.spans/manySpans:
			t.common = append(t.common, x)
		}
	}
	order := func(a, b tag) int { return strings.Compare(a.key+"\x00"+a.value, b.key+"\x00"+b.value) }
	slices.SortFunc(t.rare, order)
	slices.SortFunc(t.common, order)
	t.apart = c.apart(set, t.common)
	return t
}

type counting struct{ spans map[tag]int }

// eachSpan visits the distinct tags of each span.
func (c counting) eachSpan(td ptrace.Traces, visit func([]tag)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			owners := appendTags(appendTags(nil, rs.Resource().Attributes()), ss.Scope().Attributes())
			for _, s := range ss.Spans().All() {
				visit(appendTags(slices.Clip(owners), s.Attributes()))
			}
		}
	}
}

func appendTags(all []tag, m pcommon.Map) []tag {
	for k, v := range m.All() {
		if t := (tag{k, v.AsString()}); !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// apart are the pairs of common tags that never meet.
func (c counting) apart(set *dataset, common []tag) (pairs [][2]tag) {
	number := map[tag]int{}
	for i, t := range common {
		number[t] = i
	}
	met := make([]bool, len(common)*len(common))
	for _, td := range set.requests {
		c.eachSpan(td, func(all []tag) {
			var here []int
			for _, t := range all {
				if n, ok := number[t]; ok {
					here = append(here, n)
				}
			}
			for _, a := range here {
				for _, b := range here {
					met[a*len(common)+b] = true
				}
			}
		})
	}
	for a := range common {
		for b := range a {
			if !met[a*len(common)+b] {
				pairs = append(pairs, [2]tag{common[a], common[b]})
			}
		}
	}
	return pairs
}
