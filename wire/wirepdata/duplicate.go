package wirepdata

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"
)

// few keys are put one by one, for which each is compared with all before.
const few = 32

// emptyMap has the keys with empty values. A key may come twice, as it may in
// OTLP: pcommon.Map makes such maps only when it unmarshals them.
func emptyMap(keys []string) pcommon.Map {
	if len(keys) > few {
		return unmarshalMap(keys)
	}
	m := pcommon.NewMap()
	m.EnsureCapacity(len(keys))
	for i, k := range keys {
		m.PutEmpty(k)
		if m.Len() != i+1 {
			return unmarshalMap(keys)
		}
	}
	return m
}

// unmarshalMap takes the attributes of a resource that it writes.
func unmarshalMap(keys []string) pcommon.Map {
	const first = 1 // the number of TracesData.resource_spans, ResourceSpans.resource, Resource.attributes and KeyValue.key
	field := func(b, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, first, protowire.BytesType), content)
	}
	var attributes []byte
	for _, k := range keys {
		attributes = field(attributes, field(nil, []byte(k)))
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(field(nil, field(nil, attributes)))
	if err != nil || td.ResourceSpans().Len() != 1 {
		return pcommon.NewMap() // what is written above is valid
	}
	return td.ResourceSpans().At(0).Resource().Attributes()
}
