// Package otlpdump reads traces from files, in whatever way they were dumped:
// by content, never by name, it decides how a file is compressed (gzip, zstd or
// not) and how its records are framed (JSON documents or lines, protobuf with
// or without lengths before it).
package otlpdump

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// MaxRecord is the greatest size of one record in bytes, uncompressed.
const MaxRecord = 64 << 20

// ErrTooLarge says that a record is larger than MaxRecord.
var ErrTooLarge = fmt.Errorf("larger than %d MiB", MaxRecord>>20)

// Reader yields the records of one dump. It is not safe for concurrent use.
type Reader struct {
	name    string
	records int
	frames  framing
	closers []func()
	err     error
}

// framing cuts a stream into records. The record is valid until the next call;
// the end is io.EOF exactly where a record would begin.
type framing interface {
	next() (ptrace.Traces, error)
}

// Open reads the dump in a file.
func Open(name string) (*Reader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open dump: %w", err)
	}
	r, err := NewReader(name, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closers = append(r.closers, func() { f.Close() })
	return r, nil
}

// NewReader reads the dump in r; name stands in errors. The caller closes r
// after the Reader.
func NewReader(name string, r io.Reader) (*Reader, error) {
	plain, closePlain, err := decompress(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	frames, err := frame(plain)
	if err != nil {
		closePlain()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Reader{name: name, frames: frames, closers: []func(){closePlain}}, nil
}

// Next returns the next record, which belongs to the caller, or io.EOF at the
// end. Any other error names file and record, and is final.
func (r *Reader) Next() (ptrace.Traces, error) {
	if r.err != nil {
		return ptrace.Traces{}, r.err
	}
	td, err := r.frames.next()
	switch {
	case err == nil:
		r.records++
	case errors.Is(err, io.EOF):
		r.err = io.EOF
	default:
		r.err = fmt.Errorf("%s: record %d: %w", r.name, r.records+1, err)
	}
	return td, r.err
}

// All yields the records up to the end or the first error.
func (r *Reader) All() iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		for {
			td, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(td, err) || err != nil {
				return
			}
		}
	}
}

// Close frees what the Reader holds, and closes the file that Open opened.
func (r *Reader) Close() {
	for _, c := range r.closers {
		c()
	}
	r.closers = nil
}

// Files yields the records of several files, one file after the other, up to
// the end or the first error.
func Files(names ...string) iter.Seq2[ptrace.Traces, error] {
	return func(yield func(ptrace.Traces, error) bool) {
		for _, name := range names {
			if !yieldFile(name, yield) {
				return
			}
		}
	}
}

func yieldFile(name string, yield func(ptrace.Traces, error) bool) bool {
	r, err := Open(name)
	if err != nil {
		yield(ptrace.Traces{}, err)
		return false
	}
	defer r.Close()
	for td, err := range r.All() {
		if !yield(td, err) || err != nil {
			return false
		}
	}
	return true
}
