package setting

import (
	"go.opentelemetry.io/otel/attribute"
)

func (f *file) readResource(n node) error {
	return n.each(fields{
		"schema_url?":            skip,
		"attributes_list":        to(&f.list),
		"attributes":             func(n node) error { return n.items(f.readAttribute) },
		"detection/development?": skip, // what is detected is always the same
	})
}

// attributeTypes are the accepted types of an attribute, each with how its
// value is read.
var attributeTypes = map[string]func(node) (attribute.Value, error){
	"string":       valueOf(attribute.StringValue),
	"bool":         valueOf(attribute.BoolValue),
	"int":          valueOf(attribute.Int64Value),
	"double":       valueOf(attribute.Float64Value),
	"string_array": valuesOf(attribute.StringSliceValue),
	"bool_array":   valuesOf(attribute.BoolSliceValue),
	"int_array":    valuesOf(attribute.Int64SliceValue),
	"double_array": valuesOf(attribute.Float64SliceValue),
}

func (f *file) readAttribute(n node) error {
	name, kind := "", "string"
	var value node
	err := n.each(fields{
		"name":  to(&name),
		"type":  to(&kind),
		"value": func(n node) error { value = n; return nil },
	})
	if err != nil {
		return err
	}
	read, ok := attributeTypes[kind]
	switch {
	case !ok:
		return n.errorf("type %q: accepted: string, bool, int, double, and each with _array", kind)
	case name == "" || value.Node == nil:
		return n.errorf("name and value are needed")
	}
	v, err := read(value)
	f.attributes = append(f.attributes, attribute.KeyValue{Key: attribute.Key(name), Value: v})
	return err
}

func valueOf[T any](as func(T) attribute.Value) func(node) (attribute.Value, error) {
	return func(n node) (attribute.Value, error) {
		var v T
		err := to(&v)(n)
		return as(v), err
	}
}

func valuesOf[T any](as func([]T) attribute.Value) func(node) (attribute.Value, error) {
	return func(n node) (attribute.Value, error) {
		var all []T
		err := n.items(func(n node) error {
			var v T
			err := to(&v)(n)
			all = append(all, v)
			return err
		})
		return as(all), err
	}
}
