package wire

import (
	"encoding/binary"
	"errors"
	"math"
)

// Kind is the type of a value.
type Kind uint8

// The types that OTel's attributes have. Empty is a value without a type.
const (
	Empty Kind = iota
	String
	Bool
	Int
	Double
	Bytes
	List
	Map
	kinds
)

// Value is an attribute's value. It is comparable: equal values are the same
// value, bit for bit.
type Value struct {
	Kind Kind
	Bits uint64 // Bool, Int and Double (IEEE 754)
	Text string // String and Bytes; List and Map as AppendNested writes them
}

// cost is what a value counts of a frame's decoded size, beside its slot:
// elements of lists and maps take more room than their text, and bytes are
// copied where strings are not.
func (v *Value) cost() uint64 {
	n := uint64(len(v.Text))
	switch v.Kind {
	case List, Map:
		return nestedCost * n
	case Bytes:
		return 2 * n
	}
	return n
}

// StringValue is a string.
func StringValue(s string) Value { return Value{Kind: String, Text: s} }

// IntValue is an integer.
func IntValue(n int64) Value { return Value{Kind: Int, Bits: uint64(n)} }

// BoolValue is true or false.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: Bool, Bits: 1}
	}
	return Value{Kind: Bool}
}

// DoubleValue is a floating-point number; NaNs keep their bits.
func DoubleValue(f float64) Value { return Value{Kind: Double, Bits: math.Float64bits(f)} }

// BytesValue is a string of bytes.
func BytesValue(b []byte) Value { return Value{Kind: Bytes, Text: string(b)} }

// Attribute is a key and its value.
type Attribute struct {
	Key   string
	Value Value
}

// AppendNested appends one element to the text of a List (key "") or of a Map:
// for a Map its key, then its type, then its bits or its length and text.
func AppendNested(text []byte, of Kind, key string, v Value) []byte {
	if of == Map {
		text = append(binary.AppendUvarint(text, uint64(len(key))), key...)
	}
	text = append(text, byte(v.Kind))
	switch v.Kind {
	case Bool, Int, Double:
		return binary.LittleEndian.AppendUint64(text, v.Bits)
	case Empty:
		return text
	}
	return append(binary.AppendUvarint(text, uint64(len(v.Text))), v.Text...)
}

var errNested = errors.New("a list's or map's text is malformed")

// CutNested takes the first element off the text of a List or Map.
func CutNested(text string, of Kind) (key string, v Value, rest string, err error) {
	if of == Map {
		if key, text, err = cutText(text); err != nil {
			return "", Value{}, "", err
		}
	}
	if text == "" {
		return "", Value{}, "", errNested
	}
	v.Kind, text = Kind(text[0]), text[1:]
	switch {
	case v.Kind == Empty:
		return key, v, text, nil
	case v.Kind >= kinds:
		return "", Value{}, "", errNested
	case v.Kind == Bool || v.Kind == Int || v.Kind == Double:
		if len(text) < 8 {
			return "", Value{}, "", errNested
		}
		for i := range 8 {
			v.Bits |= uint64(text[i]) << (8 * i)
		}
		return key, v, text[8:], nil
	}
	v.Text, rest, err = cutText(text)
	return key, v, rest, err
}

func cutText(s string) (text, rest string, err error) {
	var n uint64
	for i := range min(len(s), binary.MaxVarintLen64) {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			s = s[i+1:]
			if n > uint64(len(s)) {
				return "", "", errNested
			}
			return s[:n], s[n:], nil
		}
	}
	return "", "", errNested
}

// shallow reports whether a list or map is well-formed and at most so deep.
func shallow(v Value, depth int) bool {
	for rest := v.Text; rest != ""; {
		var element Value
		var err error
		if _, element, rest, err = CutNested(rest, v.Kind); err != nil {
			return false
		}
		if (element.Kind == List || element.Kind == Map) && (depth <= 1 || !shallow(element, depth-1)) {
			return false
		}
	}
	return true
}
