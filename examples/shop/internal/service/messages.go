package service

import "github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"

// Purchase is what a customer wants.
type Purchase struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// Receipt is what became of it.
type Receipt struct {
	Number  string `json:"number"`
	Success bool   `json:"success"`
	Reason  string `json:"reason,omitempty"`
}

type orderStatus struct {
	Number string `json:"number"`
	State  string `json:"state"`
}

type product struct {
	SKU   string `json:"sku"`
	Stock int64  `json:"stock"`
}

type payment struct {
	Attempt int `json:"attempt"`
	Cents   int `json:"cents"`
}

type paid struct {
	Success bool   `json:"success"`
	Code    string `json:"code"`
}

type points struct {
	Points int `json:"points"`
}

type reservation struct {
	Success bool   `json:"success"`
	Code    string `json:"code"`
}

type pick struct {
	Purchase
	Number  string `json:"number"`
	Attempt int    `json:"attempt,omitempty"`
}

type parcel struct {
	Number  string `json:"number"`
	Attempt int    `json:"attempt,omitempty"`
}

type none struct{}

// The gRPC methods.
var (
	placeOrder  = transport.Method[pick, Receipt]{Service: "shop.Order", Name: "Place"}
	findOrder   = transport.Method[parcel, orderStatus]{Service: "shop.Order", Name: "Find"}
	cancelOrder = transport.Method[parcel, orderStatus]{Service: "shop.Order", Name: "Cancel"}
	pickGoods   = transport.Method[pick, none]{Service: "shop.Warehouse", Name: "Pick"}
)
