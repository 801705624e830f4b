package segment

import "encoding/binary"

// fields walks the fields of a protobuf message without copying. It knows
// nothing of the message; broken input ends the walk with broken set.
type fields struct {
	message []byte
	at      int // of the next field
	from    int // of the current field, its tag included
	number  uint64
	wire    uint8
	bytes   []byte // of a length-delimited field
	integer uint64 // of a varint or fixed field
	broken  bool
}

// Wire types of protobuf.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func walk(message []byte) fields { return fields{message: message} }

// raw is the current field, tag and length included.
func (f *fields) raw() []byte { return f.message[f.from:f.at] }

func (f *fields) next() bool {
	if f.at >= len(f.message) {
		return false
	}
	f.from = f.at
	tag := f.varint()
	f.number, f.wire = tag>>3, uint8(tag&7)
	f.value()
	return !f.broken
}

func (f *fields) value() {
	switch f.wire {
	case wireVarint:
		f.integer = f.varint()
	case wireFixed64:
		if b := f.take(8); b != nil {
			f.integer = binary.LittleEndian.Uint64(b)
		}
	case wireFixed32:
		if b := f.take(4); b != nil {
			f.integer = uint64(binary.LittleEndian.Uint32(b))
		}
	case wireBytes:
		f.bytes = f.take(f.varint())
	default:
		f.broken = true
	}
}

func (f *fields) varint() uint64 {
	if f.at < len(f.message) && f.message[f.at] < 0x80 {
		f.at++
		return uint64(f.message[f.at-1])
	}
	v, n := binary.Uvarint(f.message[min(f.at, len(f.message)):])
	if n <= 0 {
		f.broken = true
		return 0
	}
	f.at += n
	return v
}

func (f *fields) take(n uint64) []byte {
	if f.broken || n > uint64(len(f.message)-f.at) {
		f.broken = true
		return nil
	}
	b := f.message[f.at : f.at+int(n) : f.at+int(n)]
	f.at += int(n)
	return b
}

// appendTag begins a field; only numbers below 16 are written.
func appendTag(dst []byte, number, wire uint8) []byte { return append(dst, number<<3|wire) }

func appendBytesField(dst []byte, number uint8, value []byte) []byte {
	dst = appendTag(dst, number, wireBytes)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// appendFixed64Field writes nothing for zero, as protobuf does.
func appendFixed64Field(dst []byte, number uint8, value uint64) []byte {
	if value == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint64(appendTag(dst, number, wireFixed64), value)
}

// appendIDField writes nothing for the empty ID.
func appendIDField(dst []byte, number uint8, id uint64) []byte {
	if id == 0 {
		return dst
	}
	dst = append(appendTag(dst, number, wireBytes), 8)
	return binary.BigEndian.AppendUint64(dst, id)
}
