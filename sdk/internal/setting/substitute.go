package setting

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reference is $$, ${NAME}, ${env:NAME}, each with a default behind :-, or
// what looks like one and is none.
var reference = regexp.MustCompile(`\$\$|\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(:-[^\n}]*)?\}|\$\{[^}]*\}?`)

// substitute puts variables into the scalar values of the tree, not into keys:
// their text cannot become structure. A plain scalar's type is that of its text
// then.
func substitute(n *yaml.Node, lookup func(string) string) error {
	switch n.Kind {
	case yaml.ScalarNode:
		return substituteScalar(n, lookup)
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			if err := substitute(n.Content[i], lookup); err != nil {
				return err
			}
		}
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			if err := substitute(c, lookup); err != nil {
				return err
			}
		}
	}
	return nil
}

func substituteScalar(n *yaml.Node, lookup func(string) string) (err error) {
	if !strings.Contains(n.Value, "$") {
		return nil
	}
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(found string) string {
		parts := reference.FindStringSubmatch(found)
		switch {
		case found == "$$":
			return "$"
		case parts[1] == "":
			err = fmt.Errorf("line %d: %q is no reference to a variable; accepted: ${NAME}, ${env:NAME}, ${NAME:-default}", n.Line, found)
			return ""
		}
		if v := lookup(parts[1]); v != "" {
			return v
		}
		return strings.TrimPrefix(parts[2], ":-")
	})
	if n.Style == 0 {
		n.Tag = ""
	}
	return err
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}
