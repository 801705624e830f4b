package credential

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Rules say what to remove. They are safe for concurrent use.
type Rules struct {
	actions    map[string]action // by attribute key
	lengths    uint64            // bit n: a key of n bytes is in actions
	parameters map[string]bool   // secret ones, lower case
}

type action uint8

const (
	remove action = iota // the whole attribute
	clean                // the secrets of a URL, a query or a connection string
)

// Headers whose value is a credential.
var headers = []string{
	"authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate",
	"api-key", "x-api-key", "x-auth-token", "x-access-token", "x-csrf-token", "x-amz-security-token",
}

// carriers are the prefixes that semantic conventions give to headers.
var carriers = []string{
	"http.request.header.", "http.response.header.",
	"rpc.request.metadata.", "rpc.response.metadata.",
	"rpc.grpc.request.metadata.", "rpc.grpc.response.metadata.",
	"rpc.connect_rpc.request.metadata.", "rpc.connect_rpc.response.metadata.",
}

// urls are the attributes that hold a URL or a part of one, now and formerly.
var urls = []string{"url.full", "url.original", "url.query", "http.url", "http.target", "db.connection_string"}

// parameters of URLs and connection strings whose value is a secret.
var parameters = []string{
	"access_token", "accesstoken", "api_key", "apikey", "api-key", "auth_token", "authtoken", "awsaccesskeyid", "client_secret",
	"id_token", "jwt", "passwd", "password", "pwd", "refresh_token", "secret", "sig", "signature", "token",
	"x-amz-credential", "x-amz-security-token", "x-amz-signature", "x-goog-credential", "x-goog-signature",
}

// New are the built-in rules and more attribute keys and parameter names.
func New(moreKeys, moreParameters []string) *Rules {
	r := &Rules{actions: map[string]action{}, parameters: map[string]bool{}}
	for _, carrier := range carriers {
		for _, header := range headers {
			r.put(carrier+header, remove)
			r.put(carrier+strings.ReplaceAll(header, "-", "_"), remove) // as earlier conventions wrote them
		}
	}
	for _, key := range urls {
		r.put(key, clean)
	}
	for _, key := range moreKeys {
		r.put(key, remove)
	}
	for _, name := range slices.Concat(parameters, moreParameters) {
		r.parameters[strings.ToLower(name)] = true
	}
	return r
}

func (r *Rules) put(key string, a action) {
	r.actions[key] = a
	r.lengths |= 1 << (len(key) % 64)
}

// Apply removes the credentials of spans and of their events in place, and
// returns how many attributes it changed.
func (r *Rules) Apply(td ptrace.Traces) (changed int) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				changed += r.apply(s.Attributes())
				for _, e := range s.Events().All() {
					changed += r.apply(e.Attributes())
				}
			}
		}
	}
	return changed
}

func (r *Rules) apply(m pcommon.Map) (changed int) {
	removes := false
	for key, v := range m.All() {
		if r.lengths&(1<<(len(key)%64)) == 0 {
			continue
		}
		a, ok := r.actions[key]
		switch {
		case !ok:
		case a == remove:
			removes = true
		case v.Type() == pcommon.ValueTypeStr:
			changed += r.cleanValue(v)
		}
	}
	if removes {
		changed += r.removeKeys(m)
	}
	return changed
}

func (r *Rules) removeKeys(m pcommon.Map) (removed int) {
	m.RemoveIf(func(key string, _ pcommon.Value) bool {
		a, ok := r.actions[key]
		if !ok || a != remove {
			return false
		}
		removed++
		return true
	})
	return removed
}

func (r *Rules) cleanValue(v pcommon.Value) int {
	text, changed := r.Clean(v.Str())
	if !changed {
		return 0
	}
	v.SetStr(text)
	return 1
}
