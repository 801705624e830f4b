// Package fault decides which orders fail, where and how. An order's number
// decides, not chance: a failure shows within the first seconds, and again in
// every run.
package fault

import (
	"strconv"
	"strings"
)

// Fault is one thing that goes wrong with some orders.
type Fault struct {
	Name  string
	First int // the first order that it hits, by its sequence number
	Every int // orders from one hit to the next
	Where string
	What  string
	Shows string // the outcome that the span where it happens has
}

// The shop's faults.
var (
	WarehouseBlip = Fault{
		"warehouse blip", 4, 17, "stock → warehouse",
		"the first attempt is UNAVAILABLE, the second succeeds: the order is fine", "error",
	}
	WarehouseDown = Fault{
		"warehouse down", 5, 47, "stock → warehouse",
		"both attempts are UNAVAILABLE: the order ends, **strong** dependency order → stock", "error",
	}
	LoyaltyDown = Fault{
		"loyalty down", 6, 19, "order → loyalty",
		"HTTP 500, handled: the order goes on without points, **weak** dependency", "error",
	}
	PaymentDeclined = Fault{
		"payment declined", 7, 31, "order → payment",
		"HTTP 200 with `success=false`: nothing is delivered", "soft_error",
	}
	PaymentSlow = Fault{
		"payment slow", 8, 37, "order → payment",
		"the first attempt runs into the deadline, the second succeeds: a slow order", "timeout",
	}
	PaymentHangs = Fault{
		"payment hangs", 9, 61, "order → payment",
		"both attempts run into the deadline: the order ends with 504", "timeout",
	}
	CarrierDown = Fault{
		"carrier down", 10, 29, "delivery → carrier",
		"both attempts get 503 after the customer has the answer; the carrier sends no spans", "error",
	}
	StockShort = Fault{
		"stock short", 11, 43, "order → stock",
		"HTTP 200 with `success=false`: the order goes on, its goods come later", "soft_error",
	}
	ReturnRefused = Fault{
		"return refused", 3, 13, "order → stock",
		"HTTP 503 where the order is cancelled: the money stays here, **strong** dependency", "error",
	}
)

// Table is all of them.
var Table = []Fault{WarehouseBlip, WarehouseDown, LoyaltyDown, PaymentDeclined, PaymentSlow, PaymentHangs, CarrierDown, StockShort, ReturnRefused}

// Hits reports whether the order with the given number has this fault.
func (f Fault) Hits(number string) bool {
	n := sequence(number)
	return n >= f.First && n%f.Every == f.First%f.Every
}

// sequence is what follows an order number's last dash; 0 where that is none.
func sequence(number string) int {
	n, err := strconv.Atoi(number[strings.LastIndexByte(number, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}
