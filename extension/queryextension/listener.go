package queryextension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/confmap"
)

// listener is an address at which a component of the configuration listens.
type listener struct {
	component string // such as receiver otlp
	kind      string // such as otlp
	protocol  string // where the component has several
	endpoint  string
	tls, auth bool // what it asks of clients
}

func (l listener) String() string {
	if l.protocol == "" {
		return l.component
	}
	return l.component + " (" + l.protocol + ")"
}

// listening says which kinds of components listen by TCP, under which keys, and
// where by default. Others dial, and their endpoints are none of ours; those of
// extensions are open when the configuration becomes known.
var listening = map[string]map[string]map[string]string{
	"receivers": {
		"otlp":    {"protocols::grpc": "localhost:4317", "protocols::http": "localhost:4318"},
		"jaeger":  {"protocols::grpc": "localhost:14250", "protocols::thrift_http": "localhost:14268"},
		"zipkin":  {"": "localhost:9411"},
		"compact": {"": "127.0.0.1:4319"},
	},
	"exporters": {
		"prometheus": {"": ""},
	},
}

// listenersOf are those of the components that pipelines use.
func listenersOf(conf *confmap.Conf) (all []listener) {
	for _, section := range slices.Sorted(maps.Keys(listening)) {
		for _, id := range used(conf, section) {
			kind, _, _ := strings.Cut(id, "/")
			for _, key := range slices.Sorted(maps.Keys(listening[section][kind])) {
				if endpoint := endpointOf(conf, section+"::"+id, key, listening[section][kind][key]); endpoint != "" {
					protocol := key[strings.LastIndex(key, ":")+1:]
					at := strings.TrimSuffix(section+"::"+id+"::"+key, "::")
					all = append(all, listener{
						component: strings.TrimSuffix(section, "s") + " " + id, kind: kind, protocol: protocol, endpoint: endpoint,
						tls: conf.Get(at+"::tls") != nil, auth: conf.Get(at+"::auth") != nil,
					})
				}
			}
		}
	}
	return all
}

// used is the components of a section that some pipeline names.
func used(conf *confmap.Conf, section string) []string {
	ids := map[string]bool{}
	pipelines, _ := conf.Get("service::pipelines").(map[string]any)
	for name := range pipelines {
		list, _ := conf.Get("service::pipelines::" + name + "::" + section).([]any)
		for _, id := range list {
			ids[fmt.Sprint(id)] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// endpointOf is where a component listens, or empty where it does not.
func endpointOf(conf *confmap.Conf, component, key, otherwise string) string {
	path := component
	if key != "" {
		path += "::" + key
		if !conf.IsSet(path) {
			return "" // the protocol is off
		}
	}
	if transport, ok := conf.Get(path + "::transport").(string); ok && !strings.HasPrefix(transport, "tcp") {
		return ""
	}
	if endpoint, ok := conf.Get(path + "::endpoint").(string); ok && endpoint != "" {
		return endpoint
	}
	return otherwise
}

// check tries to listen at every address, so that a taken one is named before
// anything comes in.
func check(ctx context.Context, all []listener) error {
	var errs []error
	var open []io.Closer // until all were tried: two components may want one address
	for _, l := range all {
		opened, err := new(net.ListenConfig).Listen(ctx, "tcp", l.endpoint)
		if err != nil {
			errs = append(errs, listenError(l.String(), l.endpoint, err))
			continue
		}
		open = append(open, opened)
	}
	for _, l := range open {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// listenError says what to do.
func listenError(component, endpoint string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s can't listen: %s is in use by another program (or another component): stop it, "+
			"or shift all ports of the built-in configuration, as in: JCG_PORT_OFFSET=10000 build/jcallgraph --config builtin:all-in-one", component, endpoint)
	}
	return fmt.Errorf("%s can't listen at %s: %w", component, endpoint, err)
}

// withPortOf is an endpoint by the host that it names and the port that was
// opened, which the system chose where it names port 0.
func withPortOf(opened net.Addr, endpoint string) string {
	host, _, err := net.SplitHostPort(endpoint)
	if tcp, ok := opened.(*net.TCPAddr); ok && err == nil {
		return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
	}
	return endpoint
}
