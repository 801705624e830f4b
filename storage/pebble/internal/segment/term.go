package segment

import (
	"strconv"
	"unsafe"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func newHash() *xxh3.Hasher { return xxh3.New() }

// Term is the hash of something that a span can be searched by. Terms of
// different things may be equal: who searches by them looks at the span, too.
type Term uint32

// Seeds that keep kinds of terms apart.
const (
	seedOperation = 0x6f706572
	seedFailed    = 0x6661696c
)

// AttributeTerm is that of an attribute of a span, its scope or its resource.
func AttributeTerm(key, value string) Term {
	return Term(xxh3.HashStringSeed(value, xxh3.HashString(key)))
}

// OperationTerm is that of a span's name.
func OperationTerm(name string) Term { return Term(xxh3.HashStringSeed(name, seedOperation)) }

// FailedTerm is that of spans whose status is Error.
func FailedTerm() Term { return Term(xxh3.HashStringSeed("", seedFailed)) }

// Field numbers of opentelemetry/proto/common/v1/common.proto.
const (
	keyValueKey   = 1
	keyValueValue = 2

	anyString = 1
	anyBool   = 2
	anyInt    = 3
)

// splitPair is key and AnyValue of a KeyValue message.
func splitPair(pair []byte) (key string, value []byte) {
	f := walk(pair)
	for f.next() {
		switch f.number {
		case keyValueKey:
			key = text(f.bytes)
		case keyValueValue:
			value = f.bytes
		}
	}
	return key, value
}

// text is b as a string that is valid as long as b is.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// pairText is key and value of a KeyValue message, the value as
// pcommon.Value.AsString has it. Both are valid as long as pair is.
func pairText(pair []byte) (key, value string) {
	key, v := splitPair(pair)
	if len(v) == 0 {
		return key, ""
	}
	f := walk(v)
	f.next()
	if f.at != len(v) {
		return key, valueText(pair)
	}
	switch {
	case f.number == anyString && f.wire == wireBytes:
		return key, text(f.bytes)
	case f.number == anyInt && f.wire == wireVarint:
		return key, strconv.FormatInt(int64(f.integer), 10)
	case f.number == anyBool && f.wire == wireVarint:
		return key, strconv.FormatBool(f.integer != 0)
	}
	return key, valueText(pair)
}

// valueText asks pdata, by way of a resource with that one attribute.
func valueText(pair []byte) (value string) {
	resource := appendBytesField(nil, resourceAttributes, pair)
	message := appendBytesField(nil, requestResourceSpans, appendBytesField(nil, resourceSpansResource, resource))
	td, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(message)
	if err != nil || td.ResourceSpans().Len() == 0 {
		return ""
	}
	td.ResourceSpans().At(0).Resource().Attributes().Range(func(_ string, v pcommon.Value) bool {
		value = v.AsString()
		return false
	})
	return value
}

const (
	resourceSpansResource = 1
	resourceAttributes    = 1
	scopeSpansScope       = 1
	scopeAttributes       = 3
)

// ownerPairs yields the KeyValue messages of the resource in a ResourceSpans
// message, or of the scope in a ScopeSpans message.
func ownerPairs(message []byte, owner, attributes uint64, yield func(pair []byte)) {
	f := walk(message)
	for f.next() {
		if f.number != owner || f.wire != wireBytes {
			continue
		}
		inner := walk(f.bytes)
		for inner.next() {
			if inner.number == attributes && inner.wire == wireBytes {
				yield(inner.bytes)
			}
		}
	}
}

func resourcePairs(message []byte, yield func([]byte)) {
	ownerPairs(message, resourceSpansResource, resourceAttributes, yield)
}

func scopePairs(message []byte, yield func([]byte)) {
	ownerPairs(message, scopeSpansScope, scopeAttributes, yield)
}

// head is what a span's head says that can be searched.
type head struct {
	name   []byte
	kind   int32
	failed bool
}

func readHead(message []byte) (h head) {
	f := walk(message)
	for f.next() {
		switch {
		case f.number == spanName && f.wire == wireBytes:
			h.name = f.bytes
		case f.number == spanKind && f.wire == wireVarint:
			h.kind = int32(f.integer)
		case f.number == spanStatus && f.wire == wireBytes:
			h.failed = failedStatus(f.bytes)
		}
	}
	return h
}

func failedStatus(message []byte) (failed bool) {
	f := walk(message)
	for f.next() {
		if f.number == statusCode && f.wire == wireVarint {
			failed = f.integer == statusError
		}
	}
	return failed
}

// hasPair reports whether the KeyValue message has that key and value.
func hasPair(pair []byte, key, value string) bool {
	if k, _ := splitPair(pair); k != key {
		return false
	}
	_, v := pairText(pair)
	return v == value
}
