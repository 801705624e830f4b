package service

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jcallgraph/jcallgraph/examples/shop/internal/fault"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/telemetry"
	"github.com/jcallgraph/jcallgraph/examples/shop/internal/transport"
)

// skus are the products that there are: SKU-1 to SKU-20.
var skus = regexp.MustCompile(`^SKU-([1-9]|1[0-9]|20)$`)

// delivered is how many of a product arrive when it runs out.
const delivered = 500

// counts are the numbers of goods; add returns the new one.
type counts interface {
	add(ctx context.Context, sku string, n int64) (int64, error)
}

type stock struct {
	counts    counts
	warehouse *grpc.ClientConn
}

func runStock(ctx context.Context, env Env) error {
	numbers, stop, err := openCounts(env.At[Redis])
	if err != nil {
		return err
	}
	defer stop()
	warehouse, err := transport.Dial(Warehouse, env.At[Warehouse])
	if err != nil {
		return err
	}
	defer warehouse.Close() //nolint:errcheck // the process ends too
	s := &stock{counts: numbers, warehouse: warehouse}
	return transport.ServeHTTP(ctx, env.Listener, transport.Routes{
		"GET /products/{sku}": s.product,
		"POST /reservations":  s.reserve,
		"POST /returns":       s.takeBack,
	})
}

func (s *stock) product(r *http.Request) (any, error) {
	labour(r.Context(), 2*time.Millisecond)
	sku := r.PathValue("sku")
	if !skus.MatchString(sku) {
		return nil, status.Errorf(codes.NotFound, "product %q: not found", sku)
	}
	n, err := s.change(r.Context(), sku, 0)
	return product{sku, n}, err
}

// reserve takes goods off the shelf, and puts them back where the warehouse
// cannot pick them.
func (s *stock) reserve(r *http.Request) (any, error) {
	ctx := r.Context()
	want, err := transport.Read[Purchase](r)
	if err != nil {
		return nil, err
	}
	labour(ctx, 5*time.Millisecond)
	if !skus.MatchString(want.SKU) {
		return nil, status.Errorf(codes.NotFound, "product %q: not found", want.SKU)
	}
	if _, err := s.change(ctx, want.SKU, -int64(want.Quantity)); err != nil {
		return nil, err
	}
	if fault.StockShort.Hits(telemetry.Order(ctx)) {
		telemetry.Refuse(ctx, "BACKORDER", want.SKU+" is on its way")
		return reservation{Code: "BACKORDER"}, nil
	}
	if err := s.pick(ctx, want); err != nil {
		_, _ = s.change(ctx, want.SKU, int64(want.Quantity)) // the first error is the one to tell
		return nil, err
	}
	return reservation{Success: true, Code: "OK"}, nil
}

// takeBack puts the goods of a cancelled order on the shelf again.
func (s *stock) takeBack(r *http.Request) (any, error) {
	ctx := r.Context()
	back, err := transport.Read[Purchase](r)
	if err != nil {
		return nil, err
	}
	labour(ctx, 5*time.Millisecond)
	if fault.ReturnRefused.Hits(telemetry.Order(ctx)) {
		return nil, telemetry.Fail(ctx, codes.Unavailable, "returns of %s are closed", back.SKU)
	}
	_, err = s.change(ctx, back.SKU, int64(back.Quantity))
	return none{}, err
}

func (s *stock) pick(ctx context.Context, want Purchase) error {
	in := pick{Purchase: want, Number: telemetry.Order(ctx)}
	return retry(ctx, func(attempt int) error {
		in.Attempt = attempt
		_, err := pickGoods.Call(ctx, s.warehouse, in)
		return err
	}, func(err error) {
		slog.WarnContext(ctx, "asking the warehouse once more: "+status.Convert(err).Message())
	})
}

func (s *stock) change(ctx context.Context, sku string, by int64) (int64, error) {
	n, err := s.counts.add(ctx, sku, by)
	if err == nil && n <= 0 {
		n, err = s.counts.add(ctx, sku, delivered)
	}
	if err != nil {
		return 0, telemetry.Fail(ctx, codes.Unavailable, "count of %s: %v", sku, err)
	}
	return n, nil
}
