package callgraph

import (
	"strings"
	"unicode/utf8"
)

// MaxNameLength is how many bytes of a service's or an operation's name are
// kept.
const MaxNameLength = 512

// ClipName is the name's first MaxNameLength bytes, cut between characters.
func ClipName(s string) string {
	if len(s) <= MaxNameLength {
		return s
	}
	end := MaxNameLength
	for end > MaxNameLength-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// CleanName is the name as evidence and its sites hold it: valid UTF-8 of at
// most MaxNameLength bytes. No more than that is looked at.
func CleanName(s string) string {
	return ClipName(strings.ToValidUTF8(ClipName(s), "\uFFFD"))
}

// Clean is the service with clean names.
func (s Service) Clean() Service {
	return Service{Environment: CleanName(s.Environment), Namespace: CleanName(s.Namespace), Name: CleanName(s.Name)}
}

// Clean is the operation with clean names.
func (o Operation) Clean() Operation {
	return Operation{Service: o.Service.Clean(), Name: CleanName(o.Name), Node: o.Node}
}
