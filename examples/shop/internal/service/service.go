// Package service holds the shop's services, one a file. What they do is
// simple; what matters is who calls whom, by what, and what goes wrong.
package service

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"time"
)

// Env is what a service finds around it.
type Env struct {
	At       map[string]string // address of each service by name
	Listener net.Listener      // for services that are called, see Role.Listens
	Deadline time.Duration     // that order gives payment and delivery the carrier
	Rate     float64           // requests a second of load
	Data     string            // directory for the broker's messages; empty: they end with its process
}

// Role is what a process of the shop can be.
type Role struct {
	Name    string
	Does    string
	Listens bool
	Traced  bool // the others stand for what knows nothing of tracing
	Run     func(context.Context, Env) error
}

// Redis is the name of Redis's address in Env.At, the path of a Unix socket.
const Redis = "redis"

// Names of the roles; they are service names too.
const (
	Gateway   = "gateway"
	Order     = "order"
	Stock     = "stock"
	Warehouse = "warehouse"
	Loyalty   = "loyalty"
	Payment   = "payment"
	Delivery  = "delivery"
	Picking   = "picking"
	Carrier   = "carrier"
	Broker    = "broker"
	Load      = "load"
)

// Roles are all of them. Each runs until its context ends.
var Roles = []Role{
	{Gateway, "HTTP: what customers call", true, true, runGateway},
	{Order, "gRPC: places orders", true, true, runOrder},
	{Stock, "HTTP: knows what there is, in Redis", true, true, runStock},
	{Warehouse, "gRPC: has goods picked", true, true, runWarehouse},
	{Loyalty, "HTTP: awards points", true, true, runLoyalty},
	{Payment, "HTTP: takes money", true, true, runPayment},
	{Delivery, "Kafka: delivers orders, hears in batches of what was shipped", false, true, runDelivery},
	{Picking, "Kafka: stream job keyed by SKU, picks and ships", false, true, runPicking},
	{Carrier, "HTTP: another company's server, without spans", true, false, runCarrier},
	{Broker, "Kafka protocol: a broker for this shop only", true, false, runBroker},
	{Load, "sends the requests of customers", false, false, runLoad},
}

// spread of latencies: half of them lie within a factor of 1.3 of the median.
const spread = 0.4

// labour takes about as long as real work would: lognormal around the median,
// at most four times that. It ends early with ctx.
func labour(ctx context.Context, median time.Duration) {
	factor := min(4, math.Exp(spread*rand.NormFloat64()))
	timer := time.NewTimer(time.Duration(factor * float64(median)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// attempts of a call that may be repeated.
const attempts = 2

// retry calls until it succeeds, at most attempts times. A failure that another
// attempt follows is told to failed; the last error is returned.
func retry(ctx context.Context, call func(attempt int) error, failed func(error)) error {
	for attempt := 1; ; attempt++ {
		err := call(attempt)
		if err == nil || attempt == attempts || ctx.Err() != nil {
			return err
		}
		failed(err)
	}
}
