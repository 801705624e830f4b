package compact

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"

	"github.com/jcallgraph/jcallgraph/wire"
)

// attributesOf writes over what to has room for. Mostly the span before had the
// same keys, which were looked at then.
func attributesOf(to []wire.Attribute, from []attribute.KeyValue) []wire.Attribute {
	to = slices.Grow(to[:0], len(from))[:len(from)]
	for i := range from {
		a := &to[i]
		if key := string(from[i].Key); a.Key != key {
			a.Key = valid(key)
		}
		a.Value = valueOf(&from[i].Value)
	}
	return to
}

func attributesOfSet(to []wire.Attribute, from *attribute.Set) []wire.Attribute {
	for i := from.Iter(); i.Next(); {
		kv := i.Attribute()
		to = append(to, wire.Attribute{Key: valid(string(kv.Key)), Value: valueOf(&kv.Value)})
	}
	return to
}

// valueOf is the value that OTLP's exporter would send.
func valueOf(v *attribute.Value) wire.Value {
	switch v.Type() {
	case attribute.STRING:
		return textOf(v.AsString())
	case attribute.INT64:
		return wire.IntValue(v.AsInt64())
	case attribute.BOOL:
		return wire.BoolValue(v.AsBool())
	case attribute.FLOAT64:
		return wire.DoubleValue(v.AsFloat64())
	case attribute.BYTESLICE:
		return wire.BytesValue(v.AsByteSlice())
	case attribute.STRINGSLICE:
		return listOf(v.AsStringSlice(), textOf)
	case attribute.INT64SLICE:
		return listOf(v.AsInt64Slice(), wire.IntValue)
	case attribute.BOOLSLICE:
		return listOf(v.AsBoolSlice(), wire.BoolValue)
	case attribute.FLOAT64SLICE:
		return listOf(v.AsFloat64Slice(), wire.DoubleValue)
	case attribute.SLICE:
		return listOf(v.AsSlice(), func(e attribute.Value) wire.Value { return valueOf(&e) })
	case attribute.MAP:
		return mapOf(v.AsMap())
	case attribute.EMPTY:
		return wire.Value{}
	}
	return wire.StringValue("INVALID") // as OTLP's exporter has it
}

func listOf[T any](list []T, value func(T) wire.Value) wire.Value {
	var text []byte
	for _, v := range list {
		text = wire.AppendNested(text, wire.List, "", value(v))
	}
	return wire.Value{Kind: wire.List, Text: string(text)}
}

func mapOf(m []attribute.KeyValue) wire.Value {
	var text []byte
	for i := range m {
		text = wire.AppendNested(text, wire.Map, valid(string(m[i].Key)), valueOf(&m[i].Value))
	}
	return wire.Value{Kind: wire.Map, Text: string(text)}
}

// textOf is bytes where the text is not valid UTF-8, as OTel's specification maps
// it: as a string, receivers of OTLP further on would refuse it, and all that is
// with it.
func textOf(s string) wire.Value {
	if !utf8.ValidString(s) {
		return wire.Value{Kind: wire.Bytes, Text: s}
	}
	return wire.StringValue(s)
}

// valid is for texts that cannot be bytes: names, keys, messages.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
