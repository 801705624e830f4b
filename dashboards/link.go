package dashboards

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

// rowServer is the callee of the row that a link starts from.
const rowServer = "${__data.fields." + edgemetric.LabelServer + "}"

// link is a data link, as Grafana keeps it.
type link struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// serverLinks keep the time that is shown.
func serverLinks() []link {
	focus := "${" + uiVariable + "}/#/focus?service=" + rowServer + "&from=${__from:date:iso}&to=${__to:date:iso}"
	return []link{
		{Title: "Neighbourhood of " + rowServer, URL: focus, TargetBlank: true},
		{Title: "Failed chains through " + rowServer, URL: exploreURL(), TargetBlank: true},
	}
}

// exploreURL opens Grafana's Explore with a search for what failed in the
// callee. Braces of the JSON are escaped, those of the variables are not.
func exploreURL() string {
	uid := "${" + jaegerVariable + "}"
	query := fmt.Sprintf(`{"refId":"A","datasource":{"type":"jaeger","uid":"%s"},"queryType":"search","service":"%s","tags":"error=true"}`, uid, rowServer)
	pane := fmt.Sprintf(`{"edge":{"datasource":"%s","queries":[%s],"range":{"from":"${__from}","to":"${__to}"}}}`, uid, query)
	return "/explore?schemaVersion=1&orgId=1&panes=" + escapeAround(pane)
}

// escapeAround escapes all but the variables.
func escapeAround(s string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		out.WriteString(url.QueryEscape(before))
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		out.WriteString("${" + name + "}")
		s = after
	}
}
