package pebble

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// errCorruptKey says that bytes are no business key's row, or a damaged one.
var errCorruptKey = errors.New("damaged business key")

// appendText keeps the order of texts, also before other texts: its end, and a
// zero byte in it, are two bytes.
func appendText(b []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(append(b, s...), 0, textEnd)
		}
		b = append(append(b, s[:i]...), 0, textZero)
		s = s[i+1:]
	}
}

const (
	textEnd  = 0x01
	textZero = 0xff
)

func cutText(b []byte) (s string, rest []byte, err error) {
	var text []byte
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 >= len(b) || b[i+1] != textEnd && b[i+1] != textZero {
			return "", nil, errCorruptKey
		}
		text = append(text, b[:i]...)
		end := b[i+1] == textEnd
		if b = b[i+2:]; end {
			return string(text), b, nil
		}
		text = append(text, 0)
	}
}

// appendByValue orders keys by value, kind, environment.
func appendByValue(b []byte, k callgraph.ChainKey) []byte {
	return appendText(appendText(appendText(b, k.Value), k.Kind), k.Environment)
}

// appendByKind orders them as readers get them.
func appendByKind(b []byte, k callgraph.ChainKey) []byte {
	return appendText(appendText(appendText(b, k.Kind), k.Value), k.Environment)
}

func cutTexts(b []byte, texts ...*string) (rest []byte, err error) {
	for _, s := range texts {
		if *s, b, err = cutText(b); err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
	}
	return b, nil
}

func cutByValue(b []byte) (k callgraph.ChainKey, rest []byte, err error) {
	rest, err = cutTexts(b, &k.Value, &k.Kind, &k.Environment)
	return k, rest, err
}

func cutByKind(b []byte) (k callgraph.ChainKey, rest []byte, err error) {
	rest, err = cutTexts(b, &k.Kind, &k.Value, &k.Environment)
	return k, rest, err
}

// sightingKey orders the traces of a key by start.
func sightingKey(k callgraph.ChainKey, start int64, id pcommon.TraceID) []byte {
	return appendPlace(appendByValue([]byte{prefixSighting}, k), start, id)
}

func appendPlace(b []byte, start int64, id pcommon.TraceID) []byte {
	return append(binary.BigEndian.AppendUint64(b, rising(start)), id[:]...)
}

const placeLength = 8 + 16

func readPlace(b []byte) (start int64, id pcommon.TraceID, err error) {
	if len(b) != placeLength {
		return 0, id, fmt.Errorf("read place of %d bytes: %w", len(b), errCorruptKey)
	}
	return falling(binary.BigEndian.Uint64(b)), pcommon.TraceID(b[8:]), nil
}

func carriedKey(id pcommon.TraceID) []byte { return append([]byte{prefixCarried}, id[:]...) }

func linkKey(k, other callgraph.ChainKey) []byte {
	return appendByKind(appendByValue([]byte{prefixLink}, k), other)
}

func crowdKey(k callgraph.ChainKey, id pcommon.TraceID) []byte {
	return append(appendByValue([]byte{prefixCrowd}, k), id[:]...)
}

// end is the first key behind those that begin with b.
func end(b []byte) []byte {
	e := bytes.Clone(b)
	for i := len(e) - 1; i >= 0; i-- {
		if e[i]++; e[i] != 0 {
			return e[:i+1]
		}
	}
	return nil
}

// carried is a key that a trace carries.
type carried struct {
	key   callgraph.ChainKey
	start int64 // Unix nanoseconds
	hour  int64 // of arrival
}

const carriedVersion = 1

func appendCarried(b []byte, keys []carried) []byte {
	b = append(b, carriedVersion)
	for i := range keys {
		c := &keys[i]
		for _, s := range []string{c.key.Kind, c.key.Value, c.key.Environment} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		b = binary.AppendUvarint(b, uint64(c.hour))
		b = binary.AppendVarint(b, c.start-c.hour*int64(time.Hour)) // short, as a rule
	}
	return b
}

func readCarried(value []byte) (keys []carried, err error) {
	r := cellReader{b: value}
	if r.byte() != carriedVersion {
		r.fail()
	}
	for len(r.b) > 0 {
		var c carried
		for _, s := range []*string{&c.key.Kind, &c.key.Value, &c.key.Environment} {
			*s = r.text()
		}
		c.hour = int64(r.uvarint())
		c.start = r.varint() + c.hour*int64(time.Hour)
		keys = append(keys, c)
	}
	if r.failed {
		return nil, fmt.Errorf("read keys of a trace of %d bytes: %w", len(value), errCorruptKey)
	}
	return keys, nil
}
