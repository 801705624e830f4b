package main

import (
	"bytes"
	"fmt"
	"math"
)

// Size of the picture, and of what is around the plot in it.
const (
	width, height             = 720, 420
	left, right, above, below = 80.0, 80.0, 46.0, 60.0
	plotWidth, plotHeight     = width - left - right, height - above - below
)

const (
	rateColour = "#1f77b4"
	cpuColour  = "#d97706"
)

// plot draws rate and processor time over the message's size, as the paper's
// Fig. 8 does.
func plot(all []point) []byte {
	all = all[:len(all)-1] // the last is of frames with many spans
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&svg, `<text x="20" y="24" font-size="15">Messages that one receiving process acknowledges, over their size</text>`+"\n")
	rate := axis{"messages a second", rateColour, nice(all, rateOf), rateOf}
	cpu := axis{"processors that the receiver uses", cpuColour, nice(all, cpuOf), cpuOf}
	sizes := axis{most: all[len(all)-1].size() * 1.05, of: point.size}
	rate.draw(&svg, left-8, "end", all, sizes)
	cpu.draw(&svg, left+plotWidth+8, "start", all, sizes)
	fmt.Fprintf(&svg, `<path d="M%g %gV%gH%gV%g" fill="none" stroke="#555"/>`+"\n", left, above, above+plotHeight, left+plotWidth, above)
	for _, p := range all {
		fmt.Fprintf(&svg, `<text x="%.1f" y="%g" text-anchor="middle">%.0f</text>`+"\n", left+sizes.part(p)*plotWidth, above+plotHeight+20, p.size())
	}
	fmt.Fprintf(&svg, `<text x="%g" y="%d" text-anchor="middle">bytes of a message</text>`+"\n", left+plotWidth/2, height-14)
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

func rateOf(p point) float64 { return p.perSecond(p.messages) }
func cpuOf(p point) float64  { return p.receiver.Seconds() / p.took.Seconds() }

// axis begins at 0.
type axis struct {
	name, colour string
	most         float64
	of           func(point) float64
}

func (a axis) part(p point) float64 { return a.of(p) / a.most }

// nice is a little more than the most, with one digit that counts.
func nice(all []point, of func(point) float64) (most float64) {
	for _, p := range all {
		most = max(most, of(p))
	}
	most = max(most, 0.01) // an axis of nothing would have no length
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	return math.Ceil(most*1.1/unit) * unit
}

func (a axis) draw(svg *bytes.Buffer, at float64, anchor string, all []point, sizes axis) {
	const steps = 4
	for i := range steps + 1 {
		y := above + plotHeight*(1-float64(i)/steps)
		fmt.Fprintf(svg, `<path d="M%g %.1fH%g" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="%s" fill="%s">%g</text>`+"\n",
			left, y, left+plotWidth, at, y+4, anchor, a.colour, a.most*float64(i)/steps)
	}
	path := "M"
	for _, p := range all {
		x, y := left+sizes.part(p)*plotWidth, above+plotHeight*(1-a.part(p))
		fmt.Fprintf(svg, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>`, x, y, a.colour)
		path += fmt.Sprintf("%.1f %.1fL", x, y)
	}
	fmt.Fprintf(svg, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`, path[:len(path)-1], a.colour)
	fmt.Fprintf(svg, `<text x="%g" y="%g" fill="%s" text-anchor="%s">%s</text>`+"\n", at, above-10, a.colour, map[string]string{"end": "start", "start": "end"}[anchor], a.name)
}
