package main

import (
	"fmt"
	"math"

	"github.com/jcallgraph/jcallgraph/bench/internal/figure"
	"github.com/jcallgraph/jcallgraph/sampler"
)

// even takes the IDs of one millisecond: bytes 9 to 15 are what sampling
// decides by, and must be as random ones are. It fails where they are not.
func (o options) even(p *figure.Printer, f *fleet) error {
	f.millis++
	var bytes [16][256]int
	rates := []int{10, 100, 1000, 4000}
	kept := make([]int, len(rates))
	for range o.spread {
		id := f.traceID()
		for i := 9; i < 16; i++ {
			bytes[i][id[i]]++
		}
		for i, n := range rates {
			if sampler.OneIn(n).Threshold.Keeps(sampler.RandomnessOf(id)) {
				kept[i]++
			}
		}
	}
	p.Print("spread_ids", float64(o.spread), "IDs")
	worst := 0.0
	for i := 9; i < 16; i++ {
		worst = max(worst, chiSquare(bytes[i][:], o.spread))
		p.Print(fmt.Sprintf("byte%d_chi_square", i), chiSquare(bytes[i][:], o.spread), "chi2")
	}
	p.Print("chi_square_bound", chiSquareBound(255), "chi2")
	for i, n := range rates {
		p.Print(fmt.Sprintf("kept_of_one_in_%d", n), float64(kept[i])*float64(n)/float64(o.spread), "ratio")
	}
	if worst > chiSquareBound(255) {
		return fmt.Errorf("a byte's chi-square is %.1f: it is not even", worst)
	}
	return nil
}

// chiSquare is how far counts are from all being the same.
func chiSquare(counts []int, n int) (sum float64) {
	want := float64(n) / float64(len(counts))
	for _, c := range counts {
		sum += (float64(c) - want) * (float64(c) - want) / want
	}
	return sum
}

// chiSquareBound is what an even spread exceeds once in ten million times
// (Wilson and Hilferty's approximation).
func chiSquareBound(freedom float64) float64 {
	const z = 5.2
	return freedom * math.Pow(1-2/(9*freedom)+z*math.Sqrt(2/(9*freedom)), 3)
}
