package jaegercompare

import "regexp"

// declaredDifference is a way in which our answers may differ from Jaeger's.
type declaredDifference struct {
	name     string
	why      string
	question *regexp.Regexp // nil: any
	path     *regexp.Regexp // of the value in the answer
}

// declared is told to users in docs/jaeger.md.
var declared = []declaredDifference{}

// declaration is the name of what declares d, or empty.
func declaration(d difference) string {
	for _, c := range declared {
		if (c.question == nil || c.question.MatchString(d.question)) && c.path.MatchString(d.path) {
			return c.name
		}
	}
	return ""
}
