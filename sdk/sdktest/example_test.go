package sdktest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jcallgraph/jcallgraph/sdk/sdktest"
)

// t is what a test function gets.
var t testing.TB = &failing{}

func ExampleNew() {
	r := sdktest.New(t)
	order(context.Background(), r.TracerProvider(), false)

	fmt.Println(r.Spans().Failed().Names())
	fmt.Print(r)
	// Output:
	// [reserve]
	// order server
	//   reserve client item=lamp Error rejected exception: out of stock
}
