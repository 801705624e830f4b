package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jcallgraph/jcallgraph/cmd/jcg/internal/keyapi"
	"github.com/jcallgraph/jcallgraph/internal/portoffset"
)

// queryPort is where the built-in configuration serves the query API.
const queryPort = 16686

// keyFlags name a business key and where to ask for it.
type keyFlags struct {
	key         string
	environment string
	endpoint    string
	headers     headerFlag
}

func (f *keyFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.key, "key", "", "the business key: kind=value, such as order=4711")
	flags.StringVar(&f.environment, "environment", "", "of the key, where several have it")
	flags.StringVar(&f.endpoint, "endpoint", "", fmt.Sprintf("URL of the query API (default: this machine's port %d, moved by $%s)", queryPort, portoffset.Variable))
	flags.Var(&f.headers, "header", "header to send with each request, key=value; may be repeated")
	cobra.CheckErr(c.MarkFlagRequired("key"))
}

func (f *keyFlags) client(c *cobra.Command, getenv func(string) string) (*keyapi.Client, keyapi.Key, error) {
	key, err := keyapi.ParseKey(f.key)
	if err != nil {
		return nil, key, err
	}
	if c.Flags().Changed("environment") {
		key.Environment = &f.environment
	}
	endpoint := f.endpoint
	if endpoint == "" {
		address, err := portoffset.Local(getenv, queryPort)
		if err != nil {
			return nil, key, err
		}
		endpoint = "http://" + address
	}
	client, err := keyapi.New(endpoint, f.headers.values)
	return client, key, err
}
