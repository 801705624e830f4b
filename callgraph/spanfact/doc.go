// Package spanfact decides what a span's attributes say of the call it belongs
// to: how it ended, over what, and to whom. It knows neither pdata nor an SDK:
// collectors and SDKs feed it their attributes one by one and so judge alike.
// It makes no copies; the strings it is given must live as long as the Facts.
package spanfact
