package credential

import "strings"

// Redacted stands where a secret was, as OpenTelemetry's conventions ask.
const Redacted = "REDACTED"

// maxName bounds the names of parameters that are looked at.
const maxName = 64

// Clean removes the user information and the secret parameters of a URL, of a
// part of one, or of a connection string. It reports whether there were any.
func (r *Rules) Clean(text string) (string, bool) {
	text, user := cleanUser(text)
	text, parameters := r.cleanParameters(text)
	return text, user || parameters
}

// cleanUser replaces what lies between :// and the last @ of the authority.
func cleanUser(text string) (string, bool) {
	scheme := strings.Index(text, "://")
	if scheme < 0 {
		return text, false
	}
	authority := text[scheme+3:]
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 || authority[:at] == Redacted || authority[:at] == Redacted+":"+Redacted {
		return text, false
	}
	user := Redacted
	if strings.Contains(authority[:at], ":") {
		user += ":" + Redacted
	}
	return text[:scheme+3] + user + text[scheme+3+at:], true
}

// cleanParameters replaces the values of secret name=value pairs. It goes from
// one = to the next: most URLs have few.
func (r *Rules) cleanParameters(text string) (string, bool) {
	var b strings.Builder
	kept := 0 // up to here text is in b
	for from := 0; ; {
		equals := strings.IndexByte(text[from:], '=')
		if equals < 0 {
			break
		}
		equals += from
		end := valueEnd(text, equals+1)
		if value := text[equals+1 : end]; value != "" && value != Redacted && r.secret(text[from:equals]) {
			b.WriteString(text[kept : equals+1])
			b.WriteString(Redacted)
			kept = end
		}
		from = end
	}
	if kept == 0 {
		return text, false
	}
	b.WriteString(text[kept:])
	return b.String(), true
}

// separators end a parameter's value; a connection string has semicolons.
const separators = "&;#"

func valueEnd(text string, from int) int {
	if n := strings.IndexAny(text[from:], separators); n >= 0 {
		return from + n
	}
	return len(text)
}

// secret says whether the name at the end of before is that of a secret.
func (r *Rules) secret(before string) bool {
	name := before[strings.LastIndexAny(before, "?&;# ")+1:]
	return len(name) <= maxName && r.parameters[strings.ToLower(name)]
}
