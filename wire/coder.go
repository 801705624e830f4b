package wire

import (
	"encoding/binary"
	"math/bits"
)

// prob is an adaptive probability that a bit is one: 12 bits of it above 4 bits
// that count observations. The zero value stands for one half.
type prob uint16

// rates are the steps by which a probability moves after as many observations,
// in 1/65536.
var rates = [16]uint32{
	32768, 21845, 16384, 13107, 10923, 9362, 8192, 6554, 5461, 4681, 4096, 3277, 2731, 2341, 2048, 2048,
}

// coder writes or reads one frame's two sections: the coded one (a binary
// arithmetic coder) and the raw one (bits as they are). Each method codes its
// argument and returns what was coded, so that the model is one piece of code
// for both directions; a decoder's arguments are ignored.
type coder struct {
	decoding bool
	width    uint64 // of the interval that the next bit divides
	low      uint64 // its begin; a decoder's is how far the code lies in it
	coded    []byte
	at       int // of coded, next to be read
	raw      rawBits
}

func (c *coder) beginEncoding() {
	c.low, c.width = 0, 1<<64-1
	c.coded = c.coded[:0]
	c.raw = rawBits{bytes: c.raw.bytes[:0]}
}

// endEncoding writes the shortest number within the interval: a decoder reads
// zeros beyond the end.
func (c *coder) endEncoding() {
	for n := 0; ; n++ {
		rest := uint64(1<<64-1) >> (8 * n)
		if v := (c.low + rest) &^ rest; v-c.low < c.width {
			if v < c.low {
				c.carry()
			}
			c.coded = append(c.coded, binary.BigEndian.AppendUint64(nil, v)[:n]...)
			break
		}
	}
	c.raw.flush()
}

// carry adds one to what was written.
func (c *coder) carry() {
	for i := len(c.coded) - 1; i >= 0; i-- {
		if c.coded[i]++; c.coded[i] != 0 {
			return
		}
	}
}

func (c *coder) beginDecoding(coded, raw []byte) {
	c.decoding = true
	c.coded, c.at = coded, 0
	c.width, c.low = 1<<64-1, c.nextWord()<<32
	c.low |= c.nextWord()
	c.raw = rawBits{bytes: raw}
}

func (c *coder) nextWord() uint64 {
	from := c.at
	c.at += 4
	if c.at <= len(c.coded) {
		return uint64(binary.BigEndian.Uint32(c.coded[from:]))
	}
	var last [4]byte
	if from < len(c.coded) {
		copy(last[:], c.coded[from:])
	}
	return uint64(binary.BigEndian.Uint32(last[:]))
}

// overrun reports whether more was read than is there.
func (c *coder) overrun() bool { return c.at > len(c.coded)+8 || c.raw.overrun() }

func (c *coder) bit(m *prob, b uint32) uint32 {
	s := uint32(*m) ^ 0x8000
	p, n := s>>4, s&15
	first := c.width >> 12 * uint64(p)
	if c.decoding {
		b = 0
		if c.low < first {
			b = 1
		}
	}
	if b != 0 {
		c.width = first
		p += (4095 - p) * rates[n] >> 16
	} else {
		c.width -= first
		p -= p * rates[n] >> 16
		if c.decoding {
			c.low -= first
		} else if c.low += first; c.low < first {
			c.carry()
		}
	}
	*m = prob((p<<4 | min(n+1, 15)) ^ 0x8000)
	if c.width>>32 == 0 {
		c.shift()
	}
	return b
}

func (c *coder) shift() {
	c.width <<= 32
	if c.decoding {
		c.low = c.low<<32 | c.nextWord()
		return
	}
	c.coded = binary.BigEndian.AppendUint32(c.coded, uint32(c.low>>32))
	c.low <<= 32
}

func (c *coder) flag(m *prob, b bool) bool {
	var v uint32
	if b {
		v = 1
	}
	return c.bit(m, v) != 0
}

// unary codes a symbol of 0 to len(m), by as many zeros.
func (c *coder) unary(m []prob, v uint32) uint32 {
	for i := range m {
		if c.flag(&m[i], v == uint32(i)) {
			return uint32(i)
		}
	}
	return uint32(len(m))
}

// tree codes a symbol of n bits, highest bit first; m has 1<<n probabilities.
func (c *coder) tree(m []prob, n int, v uint32) uint32 {
	if c.decoding {
		return c.readTree(m, n)
	}
	c.writeTree(m, n, v)
	return v
}

// writeTree is tree for encoders, without branches as readTree is.
func (c *coder) writeTree(m []prob, n int, v uint32) {
	width, low := c.width, c.low
	node := uint32(1)
	for i := n - 1; i >= 0; i-- {
		s := uint32(m[node]) ^ 0x8000
		p, seen := s>>4, s&15
		first := width >> 12 * uint64(p)
		one := uint64(v >> i & 1)
		mask := -one
		var over uint64
		low, over = bits.Add64(low, first&^mask, 0)
		if over != 0 {
			c.carry()
		}
		width = first&mask | (width-first)&^mask
		ones, zeros := (4095-p)*rates[seen]>>16, p*rates[seen]>>16
		p += ones&uint32(mask) - zeros&^uint32(mask)
		m[node] = prob((p<<4 | min(seen+1, 15)) ^ 0x8000)
		node = node<<1 | uint32(one)
		if width>>32 == 0 {
			width <<= 32
			c.coded = binary.BigEndian.AppendUint32(c.coded, uint32(low>>32))
			low <<= 32
		}
	}
	c.width, c.low = width, low
}

// readTree is tree for decoders, with the coder's state in registers and without
// branches that nobody could foretell.
func (c *coder) readTree(m []prob, n int) uint32 {
	width, code := c.width, c.low
	node := uint32(1)
	for range n {
		s := uint32(m[node]) ^ 0x8000
		p, seen := s>>4, s&15
		first := width >> 12 * uint64(p)
		rest, one := bits.Sub64(code, first, 0)
		mask := -one // all ones for a one
		width = first&mask | (width-first)&^mask
		code = code&mask | rest&^mask
		ones, zeros := (4095-p)*rates[seen]>>16, p*rates[seen]>>16
		p += ones&uint32(mask) - zeros&^uint32(mask)
		m[node] = prob((p<<4 | min(seen+1, 15)) ^ 0x8000)
		node = node<<1 | uint32(one)
		if width>>32 == 0 {
			width <<= 32
			code = code<<32 | c.nextWord()
		}
	}
	c.width, c.low = width, code
	return node - 1<<n
}

// again codes a symbol of n bits that is often the same as last.
func (c *coder) again(same *prob, last *uint8, m []prob, n int, v uint32) uint32 {
	if !c.flag(same, v == uint32(*last)) {
		*last = uint8(c.tree(m, n, v))
	}
	return uint32(*last)
}

// numberModel codes a number by its length in bits; the bits below its highest
// are raw.
type numberModel struct{ length [64]prob }

// Lengths that are none.
const (
	longNumber     = 62 // 62 to 64 bits
	negativeNumber = 63 // another length follows
)

func (c *coder) number(m *numberModel, v uint64) uint64 {
	return c.ofLength(int(c.tree(m.length[:], 6, lengthOf(v))), v)
}

func lengthOf(v uint64) uint32 { return min(uint32(bits.Len64(v)), longNumber) }

func (c *coder) ofLength(n int, v uint64) uint64 {
	switch {
	case n < 2:
		return uint64(n)
	case n >= longNumber:
		return c.bits(64, v)
	}
	return 1<<(n-1) | c.bits(n-1, v&(1<<(n-1)-1))
}

// signed codes a number that is seldom negative.
func (c *coder) signed(m *numberModel, v int64) int64 {
	symbol := lengthOf(uint64(v))
	if v < 0 {
		symbol = negativeNumber
	}
	if n := c.tree(m.length[:], 6, symbol); n != negativeNumber {
		return int64(c.ofLength(int(n), uint64(v)))
	}
	return -int64(c.number(m, -uint64(v)))
}

// bits codes the low n bits of v, unmodelled.
func (c *coder) bits(n int, v uint64) uint64 {
	if n > 32 {
		low := c.bits(32, v&(1<<32-1))
		return c.bits(n-32, v>>32)<<32 | low
	}
	if c.decoding {
		return c.raw.read(uint(n))
	}
	c.raw.write(uint(n), v)
	return v
}

// rawBits is a string of bits, lowest bit of each byte first.
type rawBits struct {
	bytes   []byte
	pending uint64 // to be written
	n       uint   // bits in pending; a reader's are the bits that were read
}

func (r *rawBits) write(n uint, v uint64) { // n is at most 32
	r.pending |= v << r.n
	r.n += n
	if r.n >= 32 {
		r.bytes = binary.LittleEndian.AppendUint32(r.bytes, uint32(r.pending))
		r.pending >>= 32
		r.n -= 32
	}
}

func (r *rawBits) flush() {
	for r.n > 0 {
		r.bytes = append(r.bytes, byte(r.pending))
		r.pending >>= 8
		r.n -= min(r.n, 8)
	}
}

func (r *rawBits) read(n uint) uint64 { // n is at most 32
	at, shift := r.n/8, r.n%8
	r.n += n
	if at+8 <= uint(len(r.bytes)) {
		return binary.LittleEndian.Uint64(r.bytes[at:]) >> shift & (1<<n - 1)
	}
	var last [8]byte
	if at < uint(len(r.bytes)) {
		copy(last[:], r.bytes[at:])
	}
	return binary.LittleEndian.Uint64(last[:]) >> shift & (1<<n - 1)
}

// overrun reports whether bits beyond the end were read.
func (r *rawBits) overrun() bool { return (r.n+7)/8 > uint(len(r.bytes)) }
