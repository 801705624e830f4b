package server

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/jcallgraph/jcallgraph/wire"
)

// seal gives a changed frame the checksum it needs.
func seal(frame []byte) []byte {
	body := slices.Clone(frame[:len(frame)-4])
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// emptyFrame is what a sender says before it falls idle: an epoch begins.
func emptyFrame(number byte) []byte {
	return seal([]byte{wire.Version, 1, number, 1, 0, 1, 255, 0, 0, 0, 0})
}

// bomb is a frame of 5 kB that decodes to more than a frame may: a bad encoder
// wrote it, which names a large value again and again. It is the one of wire's
// TestBombIsRefused.
func bomb(t testing.TB) []byte {
	f, err := os.Open("testdata/bomb.frame.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	frame, err := io.ReadAll(z)
	require.NoError(t, err)
	return frame
}

func TestFramesThatCannotBeRead(t *testing.T) {
	e := newEncoder(t)
	first, second := e.spans("a"), e.spans("b")
	changed := func(at int, to byte) []byte {
		f := slices.Clone(first)
		f[at] = to
		return f
	}
	kind := []byte{wire.Version, 3, 0, 0, 0, 0}
	for name, c := range map[string]struct {
		frame  []byte
		number uint64
		code   wire.Code
	}{
		"nothing":         {nil, 0, wire.CodeTruncated},
		"short":           {first[:5], 0, wire.CodeTruncated},
		"cut":             {first[:len(first)-1], 1, wire.CodeChecksum},
		"cut and sealed":  {seal(first[:len(first)-8]), 1, wire.CodeTruncated},
		"a bit":           {changed(len(first)/2, first[len(first)/2]^1), 1, wire.CodeChecksum},
		"version":         {seal(changed(0, 2)), 1, wire.CodeVersion},
		"kind":            {seal(kind), 0, wire.CodeVersion},
		"an answer":       {wire.Control{Answer: wire.Stored, Number: 1}.Append(nil), 1, wire.CodeVersion},
		"flags":           {seal(changed(3, 9)), 1, wire.CodeMalformed},
		"no epoch begins": {second, 2, wire.CodeSequence},
		"too large":       {make([]byte, wire.MaxFrame+1), 0, wire.CodeLimit},
		"bomb":            {bomb(t), 1, wire.CodeLimit},
	} {
		t.Run(name, func(t *testing.T) {
			sink := &memory{}
			r := serve(t, sink, Options{})
			other, others := r.begin(t, b, 0), newEncoder(t)
			other.send(others.spans("a"))
			other.stored(1)
			p := r.begin(t, a, 0)
			p.send(c.frame)
			p.refused(c.number, c.code)
			require.Equal(t, map[wire.Code]uint64{c.code: 1}, r.Stats().Refused)

			other.send(others.spans("b"))
			other.stored(2)
			require.Equal(t, []string{"a", "b"}, sink.names())
			r.begin(t, a, 0)
		})
	}
}

func TestFramesInAnotherOrder(t *testing.T) {
	e := newEncoder(t)
	frames := [][]byte{e.spans("a"), e.spans("b"), e.spans("c")}
	for name, order := range map[string][]int{"swapped": {0, 2}, "twice": {0, 1, 1}, "again": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			sink := &memory{}
			p := serve(t, sink, Options{}).begin(t, a, 0)
			last := len(order) - 1
			for i, f := range order[:last] {
				p.send(frames[f])
				p.stored(uint64(i + 1))
			}
			p.send(frames[order[last]])
			p.refused(uint64(order[last]+1), wire.CodeSequence)
			require.Len(t, sink.names(), last)
		})
	}
}

func TestMessagesAboveTheLimitOfTheServer(t *testing.T) {
	r := serve(t, &memory{}, Options{})
	p := r.begin(t, a, 0)
	p.send(make([]byte, 5<<20))
	p.ended(codes.ResourceExhausted)
	require.Equal(t, map[wire.Code]uint64{wire.CodeLimit: 1}, r.Stats().Refused)
}

func TestTheLargestFrameIsTakenIn(t *testing.T) {
	sink := &memory{}
	p := serve(t, sink, Options{}).begin(t, a, 0)
	frame := newEncoder(t).large(900_000)
	require.Greater(t, len(frame), 800_000)
	p.send(append(append(slices.Clone(frame[:len(frame)-4]), make([]byte, wire.MaxFrame-len(frame))...), frame[len(frame)-4:]...))
	p.refused(1, wire.CodeChecksum)
}

// TestKindsToCome are ignored where they are control frames.
func TestKindsToCome(t *testing.T) {
	p := serve(t, &memory{}, Options{}).begin(t, a, 0)
	p.send(seal([]byte{wire.Version, 99, 1, 2, 3, 0, 0, 0, 0}), newEncoder(t).spans("a"))
	p.stored(1)
}

// FuzzFrames sends whatever through the whole: every stream ends, the frames
// that were read are answered in their order, and what the sink gets has a
// bound.
func FuzzFrames(f *testing.F) {
	e := newEncoder(f)
	good := [][]byte{e.spans("a", "b"), e.interval(oneInterval()), e.spans("a", "c")}
	f.Add(bytes.Join(good, nil), uint8(3), uint16(len(good[0])), true)
	f.Add(good[0], uint8(1), uint16(len(good[0])), false)
	f.Add(bomb(f), uint8(0), uint16(0), true)
	for i, g := range good {
		f.Add(g, uint8(i), uint16(len(g)), true)
	}
	f.Add(seal([]byte{wire.Version, 99, 1, 0, 0, 0, 0}), uint8(0), uint16(3), true)
	f.Add([]byte{}, uint8(0), uint16(0), false)
	sink := &bounded{}
	r := serve(f, sink, Options{MaxBytes: 1 << 20, MaxState: 1 << 20})
	conn, streams := r.connect(f), 0
	f.Fuzz(func(t *testing.T, raw []byte, after uint8, cut uint16, fix bool) {
		streams++
		var before, done runtime.MemStats
		runtime.ReadMemStats(&before)
		p := openOn(t, conn, fmt.Sprintf("%032x", streams))
		p.stored(0)
		sent := slices.Clone(good[:int(after)%len(good)])
		for _, part := range [][]byte{raw[:min(int(cut), len(raw))], raw[min(int(cut), len(raw)):]} {
			if fix && len(part) >= 4 {
				part = seal(part)
			}
			sent = append(sent, part)
		}
		for _, frame := range sent {
			if p.stream.SendMsg(bytesValue(frame)) != nil {
				break // the stream is over
			}
		}
		require.NoError(t, p.stream.CloseSend())
		answers := p.all()
		require.LessOrEqual(t, len(answers), len(sent))
		for i, got := range answers {
			require.True(t, got.Answer == wire.Stored || got.Answer == wire.Refused && i == len(answers)-1)
		}
		for i, got := range answers[:min(len(answers), int(after)%len(good))] {
			require.Equal(t, wire.Control{Answer: wire.Stored, Number: uint64(i + 1)}, got)
		}
		runtime.ReadMemStats(&done)
		require.LessOrEqual(t, sink.largest.Load(), int64(wire.MaxDecoded))
		require.LessOrEqual(t, done.TotalAlloc-before.TotalAlloc, uint64(len(sent)*4*wire.MaxDecoded))
		p.cut()
	})
}
