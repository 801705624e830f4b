// Package fields says what is wrong with the fields of a component's
// configuration before it is decoded: with a field's whole path, and with what
// is accepted in its place. The decoder names types of Go, and no fields.
package fields

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Conf is a configuration as the collector's confmap has it.
type Conf[Option any] interface {
	ToStringMap() map[string]any
	Unmarshal(into any, options ...Option) error
}

// Unmarshal decodes conf into a pointer to a configuration, as conf does itself,
// or says which fields it can't. A field with a tag zero must not be given as
// zero or empty; the tag says what is accepted.
func Unmarshal[Option any](conf Conf[Option], into any) error {
	var c checker
	c.fields("", conf.ToStringMap(), reflect.TypeOf(into).Elem())
	if len(c.wrong) > 0 {
		return errors.Join(c.wrong...)
	}
	err := conf.Unmarshal(into)
	if err != nil && len(c.doubts) > 0 {
		return errors.Join(c.doubts...)
	}
	return errors.Join(err, c.emptyTexts(reflect.ValueOf(into).Elem()))
}

const separator = "::" // of a path's names

type checker struct {
	wrong []error
	// doubts are right where the value came out of a variable, which is a text
	// beside what it looks like, and else why the decoder fails.
	doubts []error
	texts  []text // that must not be empty
}

// text is a field that is one only once it is decoded: what a variable has may
// look like something else.
type text struct{ path, accepted string }

func (c *checker) emptyTexts(decoded reflect.Value) error {
	for _, t := range c.texts {
		if v := at(decoded, strings.Split(t.path, separator)); v.IsValid() && v.IsZero() {
			c.refusef(t.path, "%s", t.accepted)
		}
	}
	return errors.Join(c.wrong...)
}

// fields checks what is given of a struct; none: any. Those of a squashed struct
// are its own.
func (c *checker) fields(path string, given map[string]any, t reflect.Type) {
	known, open := fieldsOf(t)
	for _, name := range sorted(given) {
		switch f, ok := known[name]; {
		case ok:
			c.field(join(path, name), given[name], f)
		case !open:
			c.refusef(join(path, name), "there is no such field; there are %s", names(known))
		}
	}
}

func (c *checker) field(path string, given any, f reflect.StructField) {
	switch accepted := f.Tag.Get("zero"); {
	case accepted == "":
	case f.Type.Kind() == reflect.String:
		c.texts = append(c.texts, text{path, accepted})
	case isZero(given, f.Type):
		c.refusef(path, "%s", accepted)
		return
	}
	c.value(path, given, f.Type)
}

// fieldsOf are a struct's by their names; open is one that takes any others, too.
func fieldsOf(t reflect.Type) (known map[string]reflect.StructField, open bool) {
	known = map[string]reflect.StructField{}
	for f := range t.Fields() {
		name, flags, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case strings.Contains(flags, "remain"):
			open = true
		case strings.Contains(flags, "squash") && element(f.Type).Kind() == reflect.Struct:
			squashed, more := fieldsOf(element(f.Type))
			for name, in := range squashed {
				in.Index = slices.Concat(f.Index, in.Index)
				known[name] = in
			}
			open = open || more
		case name == "":
			known[f.Name] = f
		default:
			known[name] = f
		}
	}
	return known, open
}

func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// at is what the names of a path lead to, or no value.
func at(v reflect.Value, names []string) reflect.Value {
	if v = reflect.Indirect(v); len(names) == 0 || !v.IsValid() {
		return v
	}
	switch v.Kind() {
	case reflect.Struct:
		known, _ := fieldsOf(v.Type())
		if f, err := v.FieldByIndexErr(known[names[0]].Index); err == nil {
			return at(f, names[1:])
		}
	case reflect.Slice:
		if i, err := strconv.Atoi(names[0]); err == nil && i < v.Len() {
			return at(v.Index(i), names[1:])
		}
	}
	return reflect.Value{}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func names(known map[string]reflect.StructField) string { return strings.Join(sorted(known), ", ") }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + separator + name
}

func (c *checker) refusef(path, format string, a ...any) {
	c.wrong = append(c.wrong, fmt.Errorf("%s: "+format, append([]any{path}, a...)...))
}
