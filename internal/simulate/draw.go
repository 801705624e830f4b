package simulate

import (
	"fmt"
	"time"

	"github.com/jcallgraph/jcallgraph/callgraph"
)

// Environment is that of all simulated services.
const Environment = "simulated"

var (
	businesses = []string{
		"order", "payment", "stock", "delivery", "catalogue", "price", "customer", "invoice", "warehouse", "loyalty",
		"search", "review", "shipping", "refund", "coupon", "basket", "tax", "fraud", "message", "account",
	}
	actions = []string{"get", "list", "create", "check", "reserve", "update", "cancel", "quote"}
	stores  = []string{"mysql", "postgresql", "redis", "mongodb"}
	outside = []string{"bank", "carrier", "maps", "mail", "scoring"}
)

// drawing makes a System's world.
type drawing struct {
	*System
	random
	layers    int
	byLayer   [][]int32 // operations
	uncalled  [][]int32 // of them, those that nobody calls yet
	processes int32
}

// maxLayers is how deep chains are at most.
const maxLayers = 4

func draw(s *System) {
	s.peers = map[string]int32{}
	d := &drawing{System: s, random: newRandom(s.Seed, 1), layers: min(maxLayers, s.Services)}
	d.byLayer, d.uncalled = make([][]int32, d.layers), make([][]int32, d.layers)
	d.drawServices()
	d.drawEntrances()
	for layer := range d.layers {
		for _, o := range d.byLayer[layer] {
			d.drawPlan(o)
		}
		d.callTheRest(layer + 1)
	}
	d.collectSites()
}

// layerOf spreads the services over the layers, most of them in the middle.
func (d *drawing) layerOf(service int) int {
	widths := [maxLayers]int{1, 2, 3, 2}
	total := 0
	for _, w := range widths[:d.layers] {
		total += w
	}
	place := service * total / d.Services
	for layer, w := range widths[:d.layers] {
		if place -= w; place < 0 {
			return layer
		}
	}
	return d.layers - 1
}

func (d *drawing) drawServices() {
	for i := range d.Services {
		name := businesses[i%len(businesses)]
		if i >= len(businesses) {
			name = fmt.Sprintf("%s-%d", name, i/len(businesses))
		}
		v := service{
			Service: callgraph.Service{Environment: Environment, Namespace: fmt.Sprintf("domain-%02d", i%90), Name: name},
			stock:   d.chance(d.StockShare),
		}
		for range d.number(1, 3) {
			v.processes = append(v.processes, d.processes)
			d.processes++
		}
		d.services = append(d.services, v)
		layer := d.layerOf(i)
		for n := 0; layer > 0 && n < d.number(1, 3); n++ {
			d.addOperation(int32(i), layer)
		}
	}
}

func (d *drawing) addOperation(service int32, layer int) int32 {
	i := int32(len(d.operations))
	o := operation{
		service: service, entrance: -1, layer: layer,
		work:      d.latencyAround(2 * time.Millisecond),
		ownFaults: d.FaultRate * d.between(0, 0.3),
		relays:    d.chance(0.3),
	}
	d.nameOperation(&o, i)
	d.operations = append(d.operations, o)
	d.byLayer[layer] = append(d.byLayer[layer], i)
	if layer > 0 {
		d.uncalled[layer] = append(d.uncalled[layer], i)
	}
	return i
}

func (d *drawing) nameOperation(o *operation, number int32) {
	business, action := d.services[max(int(o.service), 0)].Name, actions[d.IntN(len(actions))]
	switch x := d.Float64(); {
	case o.layer == 0 || x < 0.55:
		o.connection = callgraph.HTTP
		o.target = fmt.Sprintf("/%s/%s/%d", business, action, number)
		o.name = "POST " + o.target
		o.exit = o.name
	case x < 0.9:
		o.connection = callgraph.RPC
		o.target = fmt.Sprintf("%s.v1/%s%d", business, action, number)
		o.name, o.exit = o.target, o.target
	default:
		o.connection = callgraph.Messaging
		o.target = fmt.Sprintf("%s.%s.%d", business, action, number)
		o.name, o.exit = "process "+o.target, "send "+o.target
	}
}

func (d *drawing) drawEntrances() {
	first := 0
	for first < d.Services && d.layerOf(first) == 0 {
		first++
	}
	for i := range d.Entrances {
		o := d.addOperation(int32(i%first), 0)
		d.operations[o].entrance = int32(i)
		if i < len(orderEntrances) {
			d.operations[o].target = orderEntrances[i]
			d.operations[o].name = "POST " + orderEntrances[i]
		}
		d.entrances = append(d.entrances, o)
	}
}

// collectSites notes the steps where they will stay.
func (d *drawing) collectSites() {
	for o := range d.operations {
		for g := range d.operations[o].groups {
			steps := d.operations[o].groups[g].steps
			for i := range steps {
				d.sites[steps[i].site].step = &steps[i]
				if f := steps[i].fallback; f != nil {
					d.sites[f.site].step = f
				}
			}
		}
	}
	for i := range d.sites {
		d.skipAsync(&d.sites[i])
	}
}
