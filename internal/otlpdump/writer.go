package otlpdump

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Writer writes records so that a Reader reads them. It is not safe for
// concurrent use.
type Writer struct {
	out     io.Writer
	encode  func(ptrace.Traces) ([]byte, error)
	closers []io.Closer
}

// NewWriter writes to w in the form that a file's name asks for: compressed
// where it ends in .gz or .zst, and before that protobuf with a big-endian uint32
// length before each record where it ends in .pb, else JSON, one record a line.
func NewWriter(name string, w io.Writer) (*Writer, error) {
	d := &Writer{out: w, encode: jsonLine}
	if strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"), ".pb") {
		d.encode = prefixed
	}
	switch {
	case strings.HasSuffix(name, ".gz"):
		z := gzip.NewWriter(w)
		d.out, d.closers = z, append(d.closers, z)
	case strings.HasSuffix(name, ".zst"):
		z, err := zstd.NewWriter(w)
		if err != nil {
			return nil, fmt.Errorf("compress with zstd: %w", err)
		}
		d.out, d.closers = z, append(d.closers, z)
	}
	return d, nil
}

// Write writes a record; one without spans is left out.
func (d *Writer) Write(td ptrace.Traces) error {
	if td.SpanCount() == 0 {
		return nil
	}
	record, err := d.encode(td)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	if len(record) > MaxRecord {
		return fmt.Errorf("record of %d spans: %w", td.SpanCount(), ErrTooLarge)
	}
	_, err = d.out.Write(record)
	return err
}

// Close writes what is left. It does not close what the Writer writes to.
func (d *Writer) Close() error {
	var errs []error
	for _, c := range d.closers {
		errs = append(errs, c.Close())
	}
	d.closers = nil
	return errors.Join(errs...)
}

func jsonLine(td ptrace.Traces) ([]byte, error) {
	line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	return append(line, '\n'), err
}

func prefixed(td ptrace.Traces) ([]byte, error) {
	record, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil || len(record) > math.MaxUint32 {
		return record, err
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(record))), record...), nil
}
