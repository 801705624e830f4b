package chunk

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/jcallgraph/jcallgraph/storage/pebble/internal/segment"
)

// classes divide spans by the common terms that they have.
type classes struct {
	common []uint32 // hashes, rising
	scopes [][]uint32
	list   []class
	terms  int // of all classes
	spans  int
	scopeN map[string]uint32
	number map[string]uint32
}

type class struct {
	scope    uint32
	own      []uint32
	octaves  uint64
	segments []uint32
}

// buildClasses raises the bar for a common term until the classes are few
// enough; when no term is common there is one class.
func buildClasses(segments []*segment.Index, terms []posting) *classes {
	for bar := max(rareSegments, len(segments)/16); ; bar *= 2 {
		c := &classes{common: commonTerms(terms, bar), scopeN: map[string]uint32{}, number: map[string]uint32{}}
		if c.divide(segments) || len(c.common) == 0 {
			return c
		}
	}
}

func commonTerms(terms []posting, bar int) (common []uint32) {
	runs(terms, func(hash uint32, segments []uint32) {
		if len(segments) > bar {
			common = append(common, hash)
		}
	})
	return common
}

func (c *classes) isCommon(hash uint32) bool {
	_, ok := slices.BinarySearch(c.common, hash)
	return ok
}

// divide is false once the classes have too many terms.
func (c *classes) divide(segments []*segment.Index) bool {
	for _, x := range segments {
		c.spans += len(x.Spans)
	}
	d := divider{classes: c}
	for n, x := range segments {
		d.segment(uint32(n), x)
		if c.terms > maxClassTerms*c.spans {
			return false
		}
	}
	return true
}

// divider holds what is the same for all spans of a segment.
type divider struct {
	*classes
	places []int32 // of a segment's terms among the common ones; -1: not common
	scopes []uint32
	own    []uint32
	key    []byte
}

func (d *divider) segment(n uint32, x *segment.Index) {
	d.places = d.places[:0]
	for _, t := range x.Terms {
		place, ok := slices.BinarySearch(d.common, uint32(t))
		if !ok {
			place = -1
		}
		d.places = append(d.places, int32(place))
	}
	d.scopes = d.scopes[:0]
	for _, terms := range x.Scopes {
		d.own = d.appendCommon(d.own[:0], terms)
		d.scopes = append(d.scopes, d.scope())
	}
	from := uint32(0)
	for _, s := range x.Spans {
		d.own = d.appendCommon(d.own[:0], x.Own[from:s.OwnTo])
		d.own = d.appendCommon(d.own, x.Heads[s.Head])
		from = s.OwnTo
		d.class(d.scopes[s.Scope]).add(n, s.Octave)
	}
}

func (d *divider) appendCommon(list, terms []uint32) []uint32 {
	for _, t := range terms {
		if p := d.places[t]; p >= 0 {
			list = append(list, uint32(p))
		}
	}
	return list
}

// scope is the number of the scope with the terms in own.
func (d *divider) scope() uint32 {
	slices.Sort(d.own)
	d.own = slices.Compact(d.own)
	d.key = appendRising(d.key[:0], d.own)
	n, ok := d.scopeN[string(d.key)]
	if !ok {
		n = uint32(len(d.classes.scopes))
		d.scopeN[string(d.key)] = n
		d.classes.scopes = append(d.classes.scopes, slices.Clone(d.own))
		d.terms += len(d.own)
	}
	return n
}

// class is that of the scope and the terms in own.
func (d *divider) class(scope uint32) *class {
	d.key = binary.LittleEndian.AppendUint32(d.key[:0], scope)
	for _, t := range d.own {
		d.key = binary.LittleEndian.AppendUint32(d.key, t)
	}
	n, ok := d.number[string(d.key)]
	if !ok {
		n = uint32(len(d.list))
		d.number[string(d.key)] = n
		d.list = append(d.list, class{scope: scope, own: slices.Clone(d.own)})
		d.terms += len(d.own)
	}
	return &d.list[n]
}

func (c *class) add(segment uint32, octave uint8) {
	c.octaves |= octaveBit(octave)
	if n := len(c.segments); n == 0 || c.segments[n-1] != segment {
		c.segments = append(c.segments, segment)
	}
}

func octaveBit(octave uint8) uint64 { return 1 << min(octave, 63) }

func (c *classes) encode() ([]byte, error) {
	b := appendRising(nil, c.common)
	b = binary.AppendUvarint(b, uint64(len(c.scopes)))
	for _, s := range c.scopes {
		b = appendRising(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(c.list)))
	for i := range c.list {
		b = c.list[i].append(b)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return z.EncodeAll(b, binary.AppendUvarint([]byte{version}, uint64(len(b)))), nil
}

func (c *class) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(c.scope))
	b = binary.AppendUvarint(b, uint64(len(c.own)))
	for _, t := range c.own {
		b = binary.AppendUvarint(b, uint64(t))
	}
	b = binary.AppendUvarint(b, c.octaves)
	return appendRising(b, c.segments)
}
