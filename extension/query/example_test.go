package query

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/jcallgraph/jcallgraph/callgraph/graphview"
)

func Example() {
	store := shop() // any Store
	server := New(Options{Backend: store, View: graphview.New(graphview.Options{Source: store})})
	if err := server.Refresh(context.Background()); err != nil { // again and again
		fmt.Println(err)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", "/api/services/cart/operations", nil))
	fmt.Println(w.Body)
	// Output: {"data":["add"],"total":1,"limit":0,"offset":0,"errors":null}
}
