// Package wire decides how spans and edge counts become bytes and spans again
// (SPEC.md): templates told once, traces together, everything else as what
// differs from what was seen. It knows no pdata and no SDK: a Source is read
// span by span, a Sink takes spans as a template and its open values.
package wire
