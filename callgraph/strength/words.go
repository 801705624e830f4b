package strength

import (
	"fmt"
	"slices"
	"strings"
)

// Words is the verdict in a few sentences, with the numbers it is from.
func (v Verdict) Words() string {
	var said []string
	if v.Source == Declared {
		said = append(said, fmt.Sprintf("Declared %s.", v.Strength))
	}
	switch {
	case len(v.Classes) == 0:
		said = append(said, "No failure was seen.")
	case v.Basis == Propagation:
		said = append(said, "Nothing usually follows.")
	}
	for _, c := range v.Classes {
		said = append(said, v.sentence(c))
	}
	if v.Strength == Unknown && len(v.Classes) > 0 {
		said = append(said, v.doubt())
	}
	return strings.Join(said, " ")
}

// fewFailures cannot be strong, whatever they are.
const fewFailures = 9

// doubt is why there is no verdict though there were failures.
func (v Verdict) doubt() string {
	failures := uint64(0)
	for _, c := range v.Classes {
		add(&failures, c.Failures)
	}
	switch {
	case v.Basis == NoBasis && v.Successes < fewFailures:
		return "Unknown: the successes are too few to tell what usually follows."
	case v.Basis == NoBasis:
		return "Unknown: what usually follows is not clear."
	case v.Confounded:
		return "Unknown: another call always failed, too, and may be why."
	case failures < fewFailures:
		return "Unknown: the failures are too few."
	}
	return "Unknown: what came of the failures is not sure enough."
}

func (v Verdict) sentence(c ClassVerdict) string {
	after := func(n uint64) string {
		return fmt.Sprintf("After %d of %d %s the caller", n, c.Failures, plural(c.Class, c.Failures))
	}
	switch {
	case v.Basis == Successors && c.WentOn == 0:
		return fmt.Sprintf("%s made none of the calls that usually follow (%s).", after(c.Failures), c.Strength)
	case v.Basis == Successors:
		return fmt.Sprintf("%s went on to %s (%s).", after(c.WentOn), c.Next.name(), c.Strength)
	case v.Basis == Propagation && c.WentOn == 0:
		return fmt.Sprintf("%s failed, too (%s).", after(c.Failures), c.Strength)
	case v.Basis == Propagation:
		return fmt.Sprintf("%s did not fail (%s).", after(c.WentOn), c.Strength)
	}
	return fmt.Sprintf("%d %s, with nothing to compare with (%s).", c.Failures, plural(c.Class, c.Failures), c.Strength)
}

// name says the peer once: a span of messages often has its topic's name in its
// own, as "orders publish".
func (c Callee) name() string {
	if slices.Contains(strings.Fields(c.Operation), c.Peer) {
		return c.Operation
	}
	return c.Peer + " " + c.Operation
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
