package setting

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// node is a part of the file, with its path for errors.
type node struct {
	*yaml.Node
	path string
}

func (n node) errorf(format string, a ...any) error {
	return fmt.Errorf("%s (line %d): %s", n.path, n.Line, fmt.Sprintf(format, a...))
}

// refuse says that the value is not accepted.
func (n node) refuse(accepted string) error {
	return n.errorf("%q: accepted: %s", n.Value, accepted)
}

func (n node) isNull() bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// resolved follows an alias.
func (n node) resolved() node {
	if n.Kind == yaml.AliasNode {
		return node{n.Alias, n.path}
	}
	return n
}

// fields are what may be in a mapping.
type fields map[string]func(node) error

// each hands the mapping's values to its fields. A field whose value is null is
// as if it were not there, but for those that end in "?", which may be empty.
func (n node) each(known fields) error {
	return n.entries(func(name string, value node) error {
		if read, ok := known[name+"?"]; ok {
			return read(value)
		}
		read, ok := known[name]
		switch {
		case !ok:
			return value.errorf("unknown key; accepted: %s", known)
		case value.isNull():
			return nil
		}
		return read(value)
	})
}

// entries walks over a mapping; null is an empty one.
func (n node) entries(read func(name string, value node) error) error {
	if n.isNull() {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return n.errorf("a mapping is needed")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		value := node{n.Content[i+1], strings.TrimPrefix(n.path+"."+name, ".")}
		if err := read(name, value.resolved()); err != nil {
			return err
		}
	}
	return nil
}

// items walks over a sequence.
func (n node) items(read func(node) error) error {
	if n.Kind != yaml.SequenceNode {
		return n.errorf("a list is needed")
	}
	for i, item := range n.Content {
		if err := read(node{item, fmt.Sprintf("%s[%d]", n.path, i)}.resolved()); err != nil {
			return err
		}
	}
	return nil
}

// one reads a mapping that has one key, such as the kind of an exporter.
func (n node) one(known fields) error {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return n.errorf("one key is needed of: %s", known)
	}
	return n.each(known)
}

// to reads a scalar into a variable.
func to[T any](v *T) func(node) error {
	return func(n node) error {
		if n.Kind != yaml.ScalarNode {
			return n.errorf("a single value is needed")
		}
		if err := n.Decode(v); err != nil {
			return n.errorf("%q is no %T", n.Value, *v)
		}
		return nil
	}
}

// toWhole reads a number from least on.
func toWhole(v *int, least int) func(node) error {
	return func(n node) error {
		if err := to(v)(n); err != nil || *v < least || *v > 1<<31-1 {
			return n.refuse(fmt.Sprintf("a whole number from %d on", least))
		}
		return nil
	}
}

// toWord reads one of the accepted words.
func toWord(v *string, accepted []string) func(node) error {
	return func(n node) error {
		for _, word := range accepted {
			if n.Value == word {
				*v = word
				return nil
			}
		}
		return n.refuse(orList(accepted))
	}
}

func toStrings(v *[]string) func(node) error {
	return func(n node) error {
		return n.items(func(item node) error {
			var s string
			if err := to(&s)(item); err != nil {
				return err
			}
			*v = append(*v, s)
			return nil
		})
	}
}

// skip is for sections that are not about tracing.
func skip(node) error { return nil }

// String lists the keys.
func (f fields) String() string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, strings.TrimSuffix(name, "?"))
	}
	return orList(sorted(names))
}
