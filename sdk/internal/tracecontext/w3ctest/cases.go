package w3ctest

import (
	"fmt"
	"slices"
	"strings"
)

const (
	traceID = "12345678901234567890123456789012"
	parent  = "traceparent: 00-" + traceID + "-1234567890123456-00"
	sampled = "traceparent: 00-" + traceID + "-1234567890123456-01"

	firstLine  = "takes the first line alone"
	refusesAll = "drops the whole tracestate"
)

// Cases are those of the suite, in its order.
func Cases() []Case {
	return slices.Concat(traceparents(), traceparentSyntax(), tracestates(), tracestateLines(), tracestateSyntax(), tracestateLimits(), advanced())
}

func traceparents() []Case {
	return []Case{
		{Name: "both_traceparent_and_tracestate_missing"},
		{Name: "traceparent_included_tracestate_missing", Lines: []string{sampled}, TraceID: traceID},
		{
			Name:  "traceparent_duplicated",
			Lines: []string{"traceparent: 00-12345678901234567890123456789011-1234567890123456-01", sampled},
			Stock: firstLine,
		},
		{Name: "traceparent_header_name/trace-parent", Lines: []string{strings.Replace(sampled, "traceparent", "trace-parent", 1)}},
		{Name: "traceparent_header_name/trace.parent", Lines: []string{strings.Replace(sampled, "traceparent", "trace.parent", 1)}},
		{Name: "traceparent_header_name_valid_casing/TraceParent", Lines: []string{strings.Replace(sampled, "traceparent", "TraceParent", 1)}, TraceID: traceID},
		{Name: "traceparent_header_name_valid_casing/TrAcEpArEnT", Lines: []string{strings.Replace(sampled, "traceparent", "TrAcEpArEnT", 1)}, TraceID: traceID},
		{Name: "traceparent_header_name_valid_casing/TRACEPARENT", Lines: []string{strings.Replace(sampled, "traceparent", "TRACEPARENT", 1)}, TraceID: traceID},
		{Name: "traceparent_ows_handling/space before", Lines: []string{"traceparent:  00-" + traceID + "-1234567890123456-01"}, TraceID: traceID},
		{Name: "traceparent_ows_handling/tab before", Lines: []string{"traceparent: \t00-" + traceID + "-1234567890123456-01"}, TraceID: traceID},
		{Name: "traceparent_ows_handling/space after", Lines: []string{sampled + " "}, TraceID: traceID},
		{Name: "traceparent_ows_handling/tab after", Lines: []string{sampled + "\t"}, TraceID: traceID},
		{Name: "traceparent_ows_handling/around", Lines: []string{"traceparent: \t 00-" + traceID + "-1234567890123456-01 \t"}, TraceID: traceID},
	}
}

// traceparentSyntax has values of traceparent, most of them not valid.
func traceparentSyntax() []Case {
	const future = "-what-the-future-will-be-like"
	values := []struct{ name, value, traceID string }{
		{"version_0x00/dot after", "00-" + traceID + "-1234567890123456-01.", ""},
		{"version_0x00/more after", "00-" + traceID + "-1234567890123456-01" + future, ""},
		{"version_0xcc/as version 0", "cc-" + traceID + "-1234567890123456-01", traceID},
		{"version_0xcc/more after", "cc-" + traceID + "-1234567890123456-01" + future, traceID},
		{"version_0xcc/dot after", "cc-" + traceID + "-1234567890123456-01.what-the-future-will-be-like", ""},
		{"version_0xff", "ff-" + traceID + "-1234567890123456-01", ""},
		{"version_illegal_characters/first", ".0-" + traceID + "-1234567890123456-01", ""},
		{"version_illegal_characters/second", "0.-" + traceID + "-1234567890123456-01", ""},
		{"version_too_long/3", "000-" + traceID + "-1234567890123456-01", ""},
		{"version_too_long/4", "0000-" + traceID + "-1234567890123456-01", ""},
		{"version_too_short", "0-" + traceID + "-1234567890123456-01", ""},
		{"trace_id_all_zero", "00-00000000000000000000000000000000-1234567890123456-01", ""},
		{"trace_id_illegal_characters/first", "00-.2345678901234567890123456789012-1234567890123456-01", ""},
		{"trace_id_illegal_characters/last", "00-1234567890123456789012345678901.-1234567890123456-01", ""},
		{"trace_id_too_long", "00-123456789012345678901234567890123-1234567890123456-01", ""},
		{"trace_id_too_short", "00-1234567890123456789012345678901-1234567890123456-01", ""},
		{"parent_id_all_zero", "00-" + traceID + "-0000000000000000-01", ""},
		{"parent_id_illegal_characters/first", "00-" + traceID + "-.234567890123456-01", ""},
		{"parent_id_illegal_characters/last", "00-" + traceID + "-123456789012345.-01", ""},
		{"parent_id_too_long", "00-" + traceID + "-12345678901234567-01", ""},
		{"parent_id_too_short", "00-" + traceID + "-123456789012345-01", ""},
		{"trace_flags_illegal_characters/first", "00-" + traceID + "-1234567890123456-.0", ""},
		{"trace_flags_illegal_characters/last", "00-" + traceID + "-1234567890123456-0.", ""},
		{"trace_flags_too_long", "00-" + traceID + "-1234567890123456-001", ""},
		{"trace_flags_too_short", "00-" + traceID + "-1234567890123456-1", ""},
	}
	var cases []Case
	for _, v := range values {
		cases = append(cases, Case{Name: "traceparent_" + v.name, Lines: []string{"traceparent: " + v.value}, TraceID: v.traceID})
	}
	return cases
}

// with is a case whose trace goes on, with these tracestate lines.
func with(name string, values ...string) Case {
	c := Case{Name: name, Lines: []string{parent}, TraceID: traceID}
	for _, v := range values {
		c.Lines = append(c.Lines, "tracestate: "+v)
	}
	return c
}

func (c Case) leaves(members ...string) Case {
	c.State = members
	return c
}

func (c Case) oneOf(members ...string) Case {
	c.OneOf = members
	return c
}

func (c Case) without(keys ...string) Case {
	c.Without = keys
	return c
}

func (c Case) stock(how string) Case {
	c.Stock = how
	return c
}

func (c Case) raw() Case {
	c.Raw = true
	return c
}

func tracestates() []Case {
	named := func(kind, name string) Case {
		return Case{Name: kind + "/" + name, Lines: []string{parent, name + ": foo=1"}, TraceID: traceID}
	}
	return []Case{
		{Name: "tracestate_included_traceparent_missing/one", Lines: []string{"tracestate: foo=1"}, Without: []string{"foo"}},
		{Name: "tracestate_included_traceparent_missing/two", Lines: []string{"tracestate: foo=1,bar=2"}, Without: []string{"foo", "bar"}},
		with("tracestate_included_traceparent_included", "foo=1,bar=2").leaves("foo=1", "bar=2"),
		named("tracestate_header_name", "trace-state").without("foo"),
		named("tracestate_header_name", "trace.state").without("foo"),
		named("tracestate_header_name_valid_casing", "TraceState").leaves("foo=1"),
		named("tracestate_header_name_valid_casing", "TrAcEsTaTe").leaves("foo=1"),
		named("tracestate_header_name_valid_casing", "TRACESTATE").leaves("foo=1"),
	}
}

func tracestateLines() []Case {
	return []Case{
		with("tracestate_empty_header/alone", ""),
		with("tracestate_empty_header/second", "foo=1", "").leaves("foo=1"),
		with("tracestate_empty_header/first", "", "foo=1").leaves("foo=1").stock(firstLine),
		with("tracestate_multiple_headers_different_keys", "foo=1,bar=2", "rojo=1,congo=2", "baz=3").
			leaves("foo=1", "bar=2", "rojo=1", "congo=2", "baz=3").stock(firstLine),
		with("tracestate_duplicated_keys/same value", "foo=1,foo=1").leaves("foo=1").stock(refusesAll),
		with("tracestate_duplicated_keys/other value", "foo=1,foo=2").oneOf("foo=1", "foo=2").stock(refusesAll),
		with("tracestate_duplicated_keys/same value in two lines", "foo=1", "foo=1").leaves("foo=1"),
		with("tracestate_duplicated_keys/other value in two lines", "foo=1", "foo=2").oneOf("foo=1", "foo=2"),
	}
}

func tracestateSyntax() []Case {
	const key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
	value := between(' ', '+') + between('-', '<') + between('>', '~')
	list := []string{"foo=1", "bar=2", "baz=3"}
	return []Case{
		with("tracestate_all_allowed_characters/simple", key+"="+value).leaves(key + "=" + value),
		with("tracestate_all_allowed_characters/vendor", key+"@a-z0-9_-*/="+value).leaves(key + "@a-z0-9_-*/=" + value),
		with("tracestate_ows_handling/spaces", "foo=1 \t , \t bar=2, \t baz=3").leaves(list...),
		with("tracestate_ows_handling/tabs", "foo=1\t \t,\t \tbar=2,\t \tbaz=3").leaves(list...),
		with("tracestate_ows_handling/space before", " foo=1").leaves("foo=1"),
		with("tracestate_ows_handling/tab before", "\tfoo=1").leaves("foo=1"),
		with("tracestate_ows_handling/space after", "foo=1 ").leaves("foo=1"),
		with("tracestate_ows_handling/tab after", "foo=1\t").leaves("foo=1"),
		with("tracestate_ows_handling/around", "\t foo=1 \t").leaves("foo=1"),
		with("tracestate_key_illegal_characters/space", "foo =1").without("foo "),
		with("tracestate_key_illegal_characters/capitals", "FOO=1").without("FOO"),
		with("tracestate_key_illegal_characters/dot", "foo.bar=1").without("foo.bar"),
		with("tracestate_key_illegal_vendor_format/at the end", "foo@=1,bar=2").leaves("foo@=1", "bar=2").stock(refusesAll).raw(),
		with("tracestate_key_illegal_vendor_format/at the start", "@foo=1,bar=2").without("bar"),
		with("tracestate_key_illegal_vendor_format/two", "foo@@bar=1,bar=2").leaves("foo@@bar=1", "bar=2").stock(refusesAll).raw(),
		with("tracestate_key_illegal_vendor_format/apart", "foo@bar@baz=1,bar=2").leaves("foo@bar@baz=1", "bar=2").stock(refusesAll).raw(),
		with("tracestate_value_illegal_characters/equals sign", "foo=bar=baz").without("foo"),
		with("tracestate_value_illegal_characters/empty", "foo=,bar=3").without("foo", "bar"),
	}
}

func tracestateLimits() []Case {
	long, tooLong := strings.Repeat("z", 256), strings.Repeat("z", 257)
	tenant, longTenant, longSystem := strings.Repeat("t", 241)+"@"+strings.Repeat("v", 14), strings.Repeat("t", 242)+"@v", "t@"+strings.Repeat("v", 15)
	full := with("tracestate_member_count_limit/32", bars(1, 10), bars(11, 20), bars(21, 30), bars(31, 32)).leaves("bar01=01").stock(firstLine)
	full.Members = 32
	return []Case{
		full,
		with("tracestate_member_count_limit/33", bars(1, 10), bars(11, 20), bars(21, 30), bars(31, 33)).without("bar01").stock(firstLine),
		with("tracestate_key_length_limit/256", "foo=1", long+"=1").leaves("foo=1", long+"=1").stock(firstLine),
		with("tracestate_key_length_limit/257", "foo=1", tooLong+"=1").without("foo").stock(firstLine),
		with("tracestate_key_length_limit/tenant", "foo=1", tenant+"=1").leaves("foo=1", tenant+"=1").stock(firstLine),
		with("tracestate_key_length_limit/long tenant", "foo=1", longTenant+"=1").leaves("foo=1", longTenant+"=1").stock(firstLine).raw(),
		with("tracestate_key_length_limit/long system", "foo=1", longSystem+"=1").leaves("foo=1", longSystem+"=1").stock(firstLine).raw(),
	}
}

func advanced() []Case {
	return []Case{
		{Name: "multiple_requests_with_valid_traceparent", Lines: []string{sampled}, TraceID: traceID, Calls: 3},
		{Name: "multiple_requests_without_traceparent", Calls: 3},
		{Name: "multiple_requests_with_illegal_traceparent", Lines: []string{"traceparent: 00-00000000000000000000000000000000-1234567890123456-01"}, Calls: 3},
		{Name: "propagates_random_flag", Lines: []string{strings.TrimSuffix(sampled, "01") + "02"}, TraceID: traceID, Random: true},
	}
}

func bars(from, to int) string {
	var members []string
	for i := from; i <= to; i++ {
		members = append(members, fmt.Sprintf("bar%02d=%02d", i, i))
	}
	return strings.Join(members, ",")
}

func between(from, to byte) string {
	var b strings.Builder
	for c := from; c <= to; c++ {
		b.WriteByte(c)
	}
	return b.String()
}
