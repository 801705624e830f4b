package main

import (
	"math"
	"slices"
)

func nanos(c cost) float64       { return c.nanos }
func heapBytes(c cost) float64   { return c.bytes }
func allocations(c cost) float64 { return c.allocations }

func median(list []cost, of func(cost) float64) float64 {
	var values []float64
	for _, c := range list {
		values = append(values, of(c))
	}
	return quantile(values, 0.5)
}

// quantile by the nearest rank.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func (b *bench) ratios(m costs) {
	b.ratio("unsampled8_vs_always_cpu", m["unsampled8"], m["stock_always"])
	b.ratio("unsampled8_vs_recordonly_cpu", m["unsampled8"], m["stock_recordonly"])
	b.memory("unsampled8", m["unsampled8"])
	b.memory("bare", m["bare"])
	b.ratio("bare_vs_drop_cpu", m["bare"], m["stock_drop"])
	b.ratio("kept8_vs_always_cpu", m["kept8"], m["stock_always"])
	b.ratio("kept8_compact_vs_always_cpu", m["kept8_compact"], m["stock_always"])
	b.ratio("kept8_compact_vs_otlp_cpu", m["kept8_compact"], m["stock_otlp"])
	b.memory("stock_always", m["stock_always"])
	b.memory("kept8", m["kept8"])
	b.memory("kept8_compact", m["kept8_compact"])
	b.memory("stock_otlp", m["stock_otlp"])
}

func low(list []cost) float64 {
	var values []float64
	for _, c := range list {
		values = append(values, c.nanos)
	}
	return quantile(values, 0.1)
}

// ratio is that of the medians; its spread is the distance of the quartiles of
// the rounds' own ratios.
func (b *bench) ratio(name string, ours, theirs []cost) {
	b.Print(name, median(ours, nanos)/median(theirs, nanos), "ratio")
	var each []float64
	for i := range ours {
		each = append(each, ours[i].nanos/theirs[i].nanos)
	}
	b.Print(name+"_spread", quantile(each, 0.75)-quantile(each, 0.25), "ratio")
	b.Note("%s of each one's tenth percentiles, which other work on the machine disturbs least: %.3f", name, low(ours)/low(theirs))
}

// memory leaves out what others than the spans allocate now and then: less than
// a hundredth of an allocation.
func (b *bench) memory(name string, list []cost) {
	b.Print(name+"_allocs", math.Round(100*median(list, allocations))/100, "allocs")
	b.Print(name+"_bytes", math.Round(median(list, heapBytes)), "B")
}
