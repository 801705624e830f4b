package main

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Size of the picture, and of what is around the plot in it.
const (
	width, height             = 720, 460
	left, right, above, below = 80.0, 150.0, 46.0, 60.0
	plotWidth, plotHeight     = width - left - right, height - above - below
	leastPackets, mostPackets = 0.1, 10_000.0
)

// colours tell loads apart, on white and on black.
var colours = []string{"#1f77b4", "#d97706", "#2a9d5c", "#b5179e", "#7c6f64"}

// plot draws the packets of each second over the load, a line for each N, both
// axes logarithmic, as the paper's Fig. 9 does.
func plot(all []point) []byte {
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&svg, `<text x="%g" y="24" font-size="15">Packets of spans a second, keeping one of N successful chains and every failed one</text>`+"\n", 20.0)
	loads := span(all, func(p point) float64 { return float64(p.load) })
	axes(&svg, loads)
	byRate := map[int][]point{}
	for _, p := range all {
		byRate[p.n] = append(byRate[p.n], p)
	}
	for i, n := range slices.Sorted(maps.Keys(byRate)) {
		line(&svg, byRate[n], loads, colours[i%len(colours)])
	}
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

// scale is a logarithmic axis.
type scale struct{ least, most float64 }

func (s scale) part(v float64) float64 {
	return (math.Log(max(v, s.least)) - math.Log(s.least)) / (math.Log(s.most) - math.Log(s.least))
}

// span is an axis that all points are on, a little longer than they need.
func span(all []point, of func(point) float64) scale {
	s := scale{math.Inf(1), math.Inf(-1)}
	for _, p := range all {
		s.least, s.most = min(s.least, of(p)), max(s.most, of(p))
	}
	return scale{s.least / 1.25, s.most * 1.25}
}

var packets = scale{leastPackets, mostPackets}

func x(s scale, v float64) float64 { return left + s.part(v)*plotWidth }
func y(v float64) float64          { return above + (1-packets.part(v))*plotHeight }

func axes(svg *bytes.Buffer, loads scale) {
	for v := leastPackets; v <= mostPackets*1.01; v *= 10 {
		fmt.Fprintf(svg, `<path d="M%g %.1fH%g" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(v), left+plotWidth, left-8, y(v)+4, math.Round(v*10)/10)
	}
	for v := 1.0; v < loads.most; v *= 10 {
		for _, step := range []float64{1, 2.5, 5} {
			if at := v * step; at >= loads.least && at <= loads.most {
				fmt.Fprintf(svg, `<path d="M%.1f %gv6" stroke="#555"/><text x="%.1f" y="%g" text-anchor="middle">%g</text>`+"\n", x(loads, at), above+plotHeight, x(loads, at), above+plotHeight+22, at)
			}
		}
	}
	fmt.Fprintf(svg, `<path d="M%g %gV%gH%g" fill="none" stroke="#555"/>`+"\n", left, above, above+plotHeight, left+plotWidth)
	fmt.Fprintf(svg, `<text x="%g" y="%d" text-anchor="middle">requests a second</text>`+"\n", left+plotWidth/2, height-14)
}

func line(svg *bytes.Buffer, points []point, loads scale, colour string) {
	slices.SortFunc(points, func(a, b point) int { return a.load - b.load })
	path := ""
	for i, p := range points {
		at := fmt.Sprintf("%.1f %.1f", x(loads, float64(p.load)), y(p.perSecond(p.sent.Packets)))
		if path += "L" + at; i == 0 {
			path = "M" + at
		}
		fmt.Fprintf(svg, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`, x(loads, float64(p.load)), y(p.perSecond(p.sent.Packets)), colour)
	}
	last := points[len(points)-1]
	fmt.Fprintf(svg, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`, path, colour)
	fmt.Fprintf(svg, `<text x="%.1f" y="%.1f" fill="%s">N = %d</text>`+"\n", x(loads, float64(last.load))+10, y(last.perSecond(last.sent.Packets))+4, colour, last.n)
}
