package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/jcallgraph/jcallgraph/callgraph/edgemetric"
)

// Variables that say where data and links come from: those of the provisioning
// files unless the reader chooses others.
const (
	sourceVariable = "prometheus"
	jaegerVariable = "jaeger"
	uiVariable     = "jcallgraph"
	uiAddress      = "http://127.0.0.1:16686"
)

type variable = cog.Builder[dashboard.VariableModel]

func variables() []variable {
	client, server, kind := edgemetric.LabelClient, edgemetric.LabelServer, edgemetric.LabelConnectionType
	return []variable{
		dataSource(sourceVariable, "prometheus", "Prometheus", UIDPrometheus),
		dataSource(jaegerVariable, "jaeger", "Jaeger", UIDJaeger),
		dashboard.NewTextBoxVariableBuilder(uiVariable).
			Label("JCallGraph").
			Description("Where links to the web UI go").
			DefaultValue(dashboard.StringOrMap{String: cog.ToPtr(uiAddress)}).
			Current(option(uiAddress, uiAddress)),
		label(client, "Caller", ""),
		label(server, "Callee", fmt.Sprintf(`%s=~"$%[1]s"`, client)),
		label(kind, "Connection", fmt.Sprintf(`%s=~"$%[1]s", %[2]s=~"$%[2]s"`, client, server)),
	}
}

func dataSource(name, kind, title, uid string) variable {
	return dashboard.NewDatasourceVariableBuilder(name).
		Type(kind).
		Label(title).
		Current(option(title, uid))
}

// label offers the values that a label has on the edges chosen so far. All of
// them match .*, so that the empty one does too.
func label(name, title, matchers string) variable {
	series := edgemetric.RequestTotal
	if matchers != "" {
		series += "{" + matchers + "}"
	}
	query := fmt.Sprintf("label_values(%s, %s)", series, name)
	return dashboard.NewQueryVariableBuilder(name).
		Label(title).
		Datasource(prometheusSource()).
		Query(dashboard.StringOrMap{String: &query}).
		Definition(query).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).
		Multi(true).
		IncludeAll(true).
		AllValue(".*").
		Current(option("All", "$__all"))
}

func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Selected: cog.ToPtr(true),
		Text:     dashboard.StringOrArrayOfString{String: &text},
		Value:    dashboard.StringOrArrayOfString{String: &value},
	}
}

func prometheusSource() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${" + sourceVariable + "}")}
}
