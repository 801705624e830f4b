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
	messagesColour = "#1f77b4"
	bytesColour    = "#d97706"
)

// plot draws what a processor takes over the message's size, which says on any
// machine what the paper's Fig. 8 says of one with nothing else to do.
func plot(all []point) []byte {
	all = all[:len(all)-1] // the last is of frames with many spans
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&svg, `<text x="20" y="24" font-size="15">What a processor of the receiver takes, over the messages' size</text>`+"\n")
	messages := axis{"messages a second", messagesColour, nice(all, messagesOf), messagesOf}
	megabytes := axis{"MB a second", bytesColour, nice(all, megabytesOf), megabytesOf}
	sizes := axis{most: all[len(all)-1].size() * 1.05, of: point.size}
	messages.draw(&svg, left-8, "end", all, sizes)
	megabytes.draw(&svg, left+plotWidth+8, "start", all, sizes)
	fmt.Fprintf(&svg, `<path d="M%g %gV%gH%gV%g" fill="none" stroke="#555"/>`+"\n", left, above, above+plotHeight, left+plotWidth, above)
	for _, p := range all {
		fmt.Fprintf(&svg, `<text x="%.1f" y="%g" text-anchor="middle">%.0f</text>`+"\n", left+sizes.part(p)*plotWidth, above+plotHeight+20, p.size())
	}
	fmt.Fprintf(&svg, `<text x="%g" y="%d" text-anchor="middle">bytes of a message</text>`+"\n", left+plotWidth/2, height-14)
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

func messagesOf(p point) float64  { return p.perCPUSecond(p.messages) }
func megabytesOf(p point) float64 { return p.perCPUSecond(p.bytes) / 1e6 }

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
