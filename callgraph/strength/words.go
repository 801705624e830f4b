package strength

import (
	"fmt"
	"strings"
)

// Words is the verdict in one or two sentences, with the numbers it is from.
func (v Verdict) Words() string {
	var said []string
	if v.Source == Declared {
		said = append(said, fmt.Sprintf("Declared %s.", v.Strength))
	}
	for _, c := range v.Classes {
		said = append(said, v.sentence(c))
	}
	if len(v.Classes) == 0 {
		said = append(said, "No failure was seen.")
	}
	return strings.Join(said, " ")
}

func (v Verdict) sentence(c ClassVerdict) string {
	of := fmt.Sprintf("After %d of %d %s ", c.WentOn, c.Failures, plural(c.Class, c.Failures))
	switch v.Basis {
	case Successors:
		if c.WentOn == 0 {
			return fmt.Sprintf("After %d of %d %s the caller made none of the calls that usually follow (%s).", c.Failures, c.Failures, plural(c.Class, c.Failures), c.Strength)
		}
		return fmt.Sprintf("%sthe caller went on to %s %s (%s).", of, c.Next.Peer, c.Next.Operation, c.Strength)
	case Propagation:
		return fmt.Sprintf("Nothing usually follows. %sthe caller did not fail (%s).", of, c.Strength)
	}
	return fmt.Sprintf("%d %s, too few successes to compare with (%s).", c.Failures, plural(c.Class, c.Failures), c.Strength)
}

func plural(c Class, n uint64) string {
	one := [Classes]string{"error", "timeout", "soft error", "refusal for load", "rejection"}[c]
	if n == 1 {
		return one
	}
	if c == Shed {
		return "refusals for load"
	}
	return one + "s"
}
