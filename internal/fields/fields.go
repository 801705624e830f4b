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
	return err
}

type checker struct {
	wrong []error
	// doubts are right where the value came out of a variable, which is a text
	// beside what it looks like, and else why the decoder fails.
	doubts []error
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
	if accepted := f.Tag.Get("zero"); accepted != "" && isZero(given, f.Type) {
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
			maps.Copy(known, squashed)
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

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func names(known map[string]reflect.StructField) string { return strings.Join(sorted(known), ", ") }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "::" + name
}

func (c *checker) refusef(path, format string, a ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(path+": "+format, a...))
}
