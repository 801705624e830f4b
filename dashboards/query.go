package dashboards

import (
	"fmt"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

// Windows over which counters are taken: what a graph's step needs, and all the
// time that is shown.
const (
	perStep = "$__rate_interval"
	perView = "$__range"
)

// edge is what series are kept apart by. Services of one name in several
// namespaces or environments are added up.
const edge = edgemetric.LabelClient + ", " + edgemetric.LabelServer + ", " + edgemetric.LabelConnectionType

// called is the connection type, empty in the series, of a call from service to
// service, as the table shows it.
const called = "call"

// rate is the increase a second of a metric of the chosen edges.
func rate(metric, window string) string {
	return fmt.Sprintf("rate(%s[%s])", chosen(metric), window)
}

// chosen are the series of the edges that the variables choose.
func chosen(metric string) string {
	return fmt.Sprintf(`%s{%s=~"$%[2]s", %[3]s=~"$%[3]s", %[4]s=~"$%[4]s"}`,
		metric, edgemetric.LabelClient, edgemetric.LabelServer, edgemetric.LabelConnectionType)
}

func callRate(window string) string {
	return fmt.Sprintf("sum(%s)", rate(edgemetric.RequestTotal, window))
}

func edgeCallRate(window string) string {
	return fmt.Sprintf("sum by (%s) (%s)", edge, rate(edgemetric.RequestTotal, window))
}

// errorRatio has no value while there are no calls.
func errorRatio(window string) string {
	return fmt.Sprintf("sum(%s) / (%s > 0)", rate(edgemetric.RequestFailed, window), callRate(window))
}

func edgeErrorRatio(window string) string {
	return fmt.Sprintf("sum by (%s) (%s) / (%s > 0)", edge, rate(edgemetric.RequestFailed, window), edgeCallRate(window))
}

// quantile is one of all calls together, as the callees measured, from native
// histograms. Without calls it is not a number, which the comparison drops.
func quantile(q float64) string {
	return fmt.Sprintf("histogram_quantile(%g, sum(%s)) >= 0", q, rate(edgemetric.RequestServer, perStep))
}

func edgeQuantile(q float64, window string) string {
	return fmt.Sprintf("histogram_quantile(%g, sum by (%s) (%s)) >= 0", q, edge, rate(edgemetric.RequestServer, window))
}

// edgeGap is how much longer calls take for callers than for callees, on
// average: network, queues and retries below the span.
func edgeGap(window string) string {
	mean := func(metric string) string {
		return fmt.Sprintf("histogram_avg(sum by (%s) (%s))", edge, rate(metric, window))
	}
	return mean(edgemetric.RequestClient) + " - " + mean(edgemetric.RequestServer)
}

// services counts the names of those that sent spans: at both ends of calls
// between services, and behind the callers that are no service.
func services() string {
	outside := edgemetric.ClientUser + "|" + edgemetric.ClientUnknown
	ends := []string{
		named(edgemetric.LabelServer, fmt.Sprintf(`%s!~"%s|%s"`, edgemetric.LabelConnectionType, edgemetric.ConnectionDatabase, edgemetric.ConnectionVirtual)),
		named(edgemetric.LabelServer, fmt.Sprintf(`%s=~"%s"`, edgemetric.LabelClient, outside)),
		named(edgemetric.LabelClient, fmt.Sprintf(`%s!~"%s"`, edgemetric.LabelClient, outside)),
	}
	return fmt.Sprintf("count(count by (service) (%s))", strings.Join(ends, " or "))
}

// named copies the service at one end of edges to a label of its own.
func named(end, matcher string) string {
	return fmt.Sprintf(`label_replace(%s{%s, %s!="%s"}, "service", "$1", "%[3]s", "(.+)")`,
		edgemetric.RequestTotal, matcher, end, edgemetric.Remainder)
}

// top are the n highest series, at each step of a graph.
func top(n int, query string) string { return fmt.Sprintf("topk(%d, %s)", n, query) }

// typed names the connection type where it is empty, so that tables have the
// column whatever the edges.
func typed(query string) string {
	return fmt.Sprintf(`label_replace(%s, "%s", "%s", "%[2]s", "")`, query, edgemetric.LabelConnectionType, called)
}

// drawn has the labels by which a node graph knows an edge.
func drawn(query string) string {
	source := fmt.Sprintf(`label_replace(%s, "source", "$1", "%s", "(.+)")`, query, edgemetric.LabelClient)
	target := fmt.Sprintf(`label_replace(%s, "target", "$1", "%s", "(.+)")`, source, edgemetric.LabelServer)
	return fmt.Sprintf(`label_join(%s, "id", " ", "%s", "%s", "%s")`, target,
		edgemetric.LabelClient, edgemetric.LabelServer, edgemetric.LabelConnectionType)
}
