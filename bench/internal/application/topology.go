package application

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// call is what an operation does: it calls another service, which may call more.
type call struct {
	service   string // called; without an SDK where virtual
	operation string // of the callee
	system    string // the database's, where it is one
	virtual   bool
	calls     []call
}

// requests are what comes in from outside, all to the service web.
var requests = []call{
	{service: "web", operation: "GET /", calls: []call{listProducts}},
	{service: "web", operation: "GET /cart", calls: []call{
		{service: "cart", operation: "GET /cart/{user}", calls: []call{redis, {service: "catalog", operation: "GET /products/{id}", calls: []call{redis}}}},
	}},
	{service: "web", operation: "POST /orders", calls: []call{
		{service: "orders", operation: "POST /orders", calls: []call{
			{service: "stock", operation: "POST /reservations", calls: []call{redis}},
			{service: "payment", operation: "POST /payments", calls: []call{{service: "bank.example", operation: "POST", virtual: true}}},
		}},
	}},
}

var (
	redis        = call{service: "redis", operation: "HGETALL", system: "redis", virtual: true}
	listProducts = call{service: "catalog", operation: "GET /products", calls: []call{redis}}
)

// Services that have an SDK.
var services = []string{"web", "catalog", "cart", "orders", "stock", "payment"}

// Requests is how many kinds of request there are.
func Requests() int { return len(requests) }

// atStart and atEnd are eight attributes, as HTTP instrumentation has them.
func (c *call) atStart() []attribute.KeyValue {
	if c.system != "" {
		return []attribute.KeyValue{
			attribute.String("db.system.name", c.system), attribute.String("db.operation.name", c.operation),
			attribute.String("db.namespace", "0"), attribute.String("server.address", c.service), attribute.Int("server.port", 6379),
		}
	}
	return []attribute.KeyValue{
		attribute.String("http.request.method", "GET"), attribute.String("url.path", "/some/path"),
		attribute.String("server.address", c.service), attribute.Int("server.port", 8080),
		attribute.String("network.protocol.version", "1.1"),
	}
}

func (c *call) atEnd(failed bool) []attribute.KeyValue {
	if c.system != "" {
		return []attribute.KeyValue{attribute.Int("db.response.returned_rows", 3)}
	}
	status := 200
	if failed {
		status = 503
	}
	return []attribute.KeyValue{
		attribute.Int("http.response.status_code", status), attribute.String("http.route", c.operation), attribute.Int("http.response.body.size", 1834),
	}
}

// Virtual reports whether a service has no SDK.
func Virtual(name string) bool { return !slices.Contains(services, name) }

// Entrance is the operation that takes in a request of the kind.
func Entrance(kind int) string { return requests[kind%len(requests)].operation }

// IsEntrance reports whether an operation takes in requests.
func IsEntrance(operation string) bool {
	return slices.ContainsFunc(requests, func(c call) bool { return c.operation == operation })
}
