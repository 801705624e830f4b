package fields

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// value checks one value, and those in it. What decodes itself is left alone, but
// for structs: some of the collector take any field, and what is misspelt means nothing.
func (c *checker) value(path string, given any, t reflect.Type) {
	t = element(t)
	text, isText := given.(string)
	switch pointer := reflect.PointerTo(t); {
	case given == nil || decodesItself(pointer) && !hasFields(t):
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && (isText || t.Kind() == reflect.Struct):
		c.text(path, given, reflect.New(t).Interface().(encoding.TextUnmarshaler))
	case t == reflect.TypeFor[time.Duration]() && isText:
		if _, err := time.ParseDuration(text); err != nil {
			c.unlike(path, "a duration, such as 500ms, 30s or 1h", given)
		}
	default:
		c.kind(path, given, t)
	}
}

func decodesItself(pointer reflect.Type) bool {
	_, whole := pointer.MethodByName("Unmarshal")
	_, scalar := pointer.MethodByName("UnmarshalScalar")
	return whole || scalar
}

func hasFields(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	known, _ := fieldsOf(t)
	return len(known) > 0
}

func (c *checker) text(path string, given any, into encoding.TextUnmarshaler) {
	text, ok := given.(string)
	if !ok {
		c.string(path, given)
		return
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		c.refusef(path, "%w", err)
	}
}

func (c *checker) kind(path string, given any, t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool:
		if _, ok := given.(bool); !ok {
			c.unlike(path, "true or false", given)
		}
	case reflect.String:
		c.string(path, given)
	case reflect.Slice:
		c.slice(path, given, t.Elem())
	case reflect.Map:
		c.entries(path, given, t.Elem())
	case reflect.Struct:
		if m, ok := given.(map[string]any); ok {
			c.fields(path, m, t)
			return
		}
		known, _ := fieldsOf(t)
		c.misplaced(path, "a map of "+names(known), given)
	default:
		c.number(path, given, t)
	}
}

func (c *checker) string(path string, given any) {
	switch kind := kindOf(given); kind {
	case "a text":
	case "a map", "a list":
		c.doubts = append(c.doubts, fmt.Errorf("%s: must be a text, not %s", path, kind))
	default:
		c.doubts = append(c.doubts, fmt.Errorf("%s: must be a text: put what is there in quotes", path))
	}
}

func kindOf(given any) string {
	switch v := reflect.ValueOf(given); {
	case v.Kind() == reflect.Map:
		return "a map"
	case v.Kind() == reflect.Slice:
		return "a list"
	case v.Kind() == reflect.String:
		return "a text"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt(), v.CanUint(), v.CanFloat():
		return "a number"
	}
	return "a time"
}

func (c *checker) slice(path string, given any, of reflect.Type) {
	list, ok := given.([]any)
	if _, separated := given.(string); !ok && separated && element(of).Kind() != reflect.Struct {
		return // the decoder takes a, b
	}
	if !ok && reflect.TypeOf(given).Kind() != reflect.Slice {
		c.misplaced(path, "a list", given)
	}
	for i, one := range list {
		c.value(fmt.Sprintf("%s::%d", path, i), one, of)
	}
}

func (c *checker) entries(path string, given any, of reflect.Type) {
	m, ok := given.(map[string]any)
	if !ok && reflect.TypeOf(given).Kind() != reflect.Map {
		c.misplaced(path, "a map of names", given)
	}
	for _, name := range sorted(m) {
		c.value(join(path, name), m[name], of)
	}
}

// number refuses what the decoder would round or let wrap.
func (c *checker) number(path string, given any, t reflect.Type) {
	v := reflect.ValueOf(given)
	switch {
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		if !v.CanInt() && !v.CanUint() && !v.CanFloat() {
			c.unlike(path, "a number", given)
		}
	case isInteger(t) && !fits(v, reflect.Zero(t)):
		c.unlike(path, "a whole number", given)
	}
}

func isInteger(t reflect.Type) bool { return reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint() }

// fits is whether v is a whole number of the type of the integer in.
func fits(v, in reflect.Value) bool {
	switch {
	case v.CanInt() && in.CanUint():
		return v.Int() >= 0 && !in.OverflowUint(uint64(v.Int()))
	case v.CanInt():
		return !in.OverflowInt(v.Int())
	case v.CanUint() && in.CanUint():
		return !in.OverflowUint(v.Uint())
	case v.CanUint():
		return v.Uint() <= math.MaxInt64 && !in.OverflowInt(int64(v.Uint()))
	case v.CanFloat():
		whole := v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53
		return whole && fits(reflect.ValueOf(int64(v.Float())), in)
	}
	return false
}

// isZero is whether a field of type t would get what stands for none.
func isZero(given any, t reflect.Type) bool {
	if given == nil {
		return true
	}
	if text, ok := given.(string); ok && t == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		return err == nil && d == 0
	}
	return reflect.ValueOf(given).IsZero()
}

// misplaced shows nothing of a value: where a map is expected it may be a secret
// that belongs into it.
func (c *checker) misplaced(path, want string, given any) {
	c.refusef(path, "must be %s, not %s", want, kindOf(given))
}

// unlike shows no more of a value than its first letters: it may be long.
func (c *checker) unlike(path, want string, given any) {
	const shown = 64
	switch kind := kindOf(given); kind {
	case "a map", "a list":
		c.misplaced(path, want, given)
	case "a text":
		text := reflect.ValueOf(given).String()
		if len(text) > shown {
			text = strings.ToValidUTF8(text[:shown], "") + "…"
		}
		c.refusef(path, "must be %s, not %q", want, text)
	default:
		c.refusef(path, "must be %s, not %v", want, given)
	}
}
