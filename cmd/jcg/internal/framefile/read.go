// Package framefile decides how compact frames lie in files: each with its
// length before it as wire/SPEC.md says, or, in files named .hex, one a line in
// hexadecimal digits. A file is one stream.
package framefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/jcallgraph/jcallgraph/wire"
)

// Frame is one frame of a file.
type Frame struct {
	Place int   // in the file, from 1 on
	At    int64 // where it begins, in the file's bytes
	Bytes []byte
}

// Wrap says of an error where it happened.
func (f Frame) Wrap(file string, err error) error {
	return fmt.Errorf("%s: frame %d at byte %d: %w", file, f.Place, f.At, err)
}

// Read yields a file's frames up to the end or the first error, which names the
// file, the frame, and where it begins.
func Read(name string) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		file, err := os.Open(name)
		if err != nil {
			yield(Frame{}, fmt.Errorf("open frames: %w", err))
			return
		}
		defer file.Close() // opened for reading: nothing to lose
		next := nextBinary
		if isHex(name) {
			next = nextHex
		}
		in := &counted{Reader: bufio.NewReaderSize(file, 64<<10)}
		for place := 1; ; place++ {
			f := Frame{Place: place, At: in.n}
			f.Bytes, err = next(in)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = f.Wrap(name, err)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

func isHex(name string) bool { return strings.HasSuffix(name, ".hex") }

// counted knows how much was read of it.
type counted struct {
	*bufio.Reader
	n int64
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.Reader.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

var (
	errCut    = &wire.Error{Code: wire.CodeTruncated, Why: "the file ends within it"}
	errLong   = &wire.Error{Code: wire.CodeLimit, Why: fmt.Sprintf("more than %d bytes long", wire.MaxFrame)}
	errNotHex = &wire.Error{Code: wire.CodeMalformed, Why: "no hexadecimal digits"}
)

// nextBinary returns io.EOF only where a frame would begin.
func nextBinary(in *counted) ([]byte, error) {
	begin := in.n
	length, err := binary.ReadUvarint(in)
	switch {
	case errors.Is(err, io.EOF) && in.n == begin:
		return nil, io.EOF
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errCut
	case err == nil && length > wire.MaxFrame, err != nil && in.n-begin == binary.MaxVarintLen64:
		return nil, errLong
	case err != nil:
		return nil, err
	}
	frame := make([]byte, length)
	n, err := io.ReadFull(in.Reader, frame)
	in.n += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errCut
	}
	return frame, err
}

// nextHex reads a line; empty ones hold nothing.
func nextHex(in *counted) ([]byte, error) {
	for {
		line, err := readLine(in)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			continue
		}
		frame, err := hex.AppendDecode(nil, line)
		if err != nil {
			return nil, errNotHex
		}
		return frame, nil
	}
}

func readLine(in *counted) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		in.n += int64(len(part))
		line = append(line, part...)
		switch {
		case len(line) > 2*wire.MaxFrame+2:
			return nil, errLong
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return bytes.TrimSpace(line), nil
		default:
			return nil, err
		}
	}
}
