package callgraph

import "fmt"

// Reference is what a callee knows of its caller from the request alone: the
// static IDs of the calling operation and of the site of the call.
type Reference struct {
	Caller StaticID
	Site   StaticID // 0: not known
	// Indirect says that another SDK or a proxy stood between the two.
	Indirect bool
}

const (
	referenceLength = len("0123456789abcdef:0123456789abcdef")
	indirectMark    = ":indirect"
)

// String is caller and site in hex, parted by a colon, and ":indirect" where
// that is so.
func (r Reference) String() string {
	s := r.Caller.String() + ":" + r.Site.String()
	if r.Indirect {
		s += indirectMark
	}
	return s
}

// Operation stands for the caller until somebody knows its name.
func (r Reference) Operation() Operation { return Operation{Name: r.String(), Node: Referred} }

// ParseReference reads the name of a Referred operation.
func ParseReference(s string) (Reference, error) {
	r := Reference{Indirect: len(s) > referenceLength}
	if len(s) < referenceLength || s[16] != ':' || r.Indirect && s[referenceLength:] != indirectMark {
		return Reference{}, fmt.Errorf("reference %q is not two static IDs, 16 hex digits each, with a colon between them", s)
	}
	caller, err1 := parseHex(s[:16])
	site, err2 := parseHex(s[17:referenceLength])
	for _, err := range [...]error{err1, err2} {
		if err != nil {
			return Reference{}, fmt.Errorf("parse reference %q: %w", s, err)
		}
	}
	r.Caller, r.Site = StaticID(caller), StaticID(site)
	return r, nil
}
