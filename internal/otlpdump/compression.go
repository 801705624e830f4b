package otlpdump

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	bufferSize = 1 << 16
	// maxZstdWindow bounds the decoder's memory; zstd's own tool refuses more
	// than 128 MiB unless it is told otherwise.
	maxZstdWindow = 128 << 20
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// decompress tells by the first bytes whether r is compressed. None of the
// magics can begin a JSON document or a framed TracesData.
func decompress(r io.Reader) (*bufio.Reader, func(), error) {
	raw := bufio.NewReaderSize(r, bufferSize)
	head, err := raw.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, nil, fmt.Errorf("read the first bytes: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return gunzip(raw)
	case bytes.HasPrefix(head, zstdMagic):
		return unzstd(raw)
	}
	return raw, func() {}, nil
}

func gunzip(r io.Reader) (*bufio.Reader, func(), error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, fmt.Errorf("read gzip header: %w", err)
	}
	return bufio.NewReaderSize(z, bufferSize), func() { _ = z.Close() }, nil // what it would say was said by reading
}

func unzstd(r io.Reader) (*bufio.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, nil, fmt.Errorf("read zstd header: %w", err)
	}
	return bufio.NewReaderSize(z, bufferSize), z.Close, nil
}
