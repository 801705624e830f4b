package main

import (
	"fmt"

	pb "github.com/open-telemetry/otel-arrow/go/api/experimental/arrow/v1"
	"github.com/open-telemetry/otel-arrow/go/pkg/otel/arrow_record"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/proto"

	"github.com/jcallgraph/jcallgraph/bench/internal/wirebench"
)

// otelArrow is OTel-Arrow at its defaults: one producer and consumer a stream,
// zstd within Arrow's messages. It brings a span's events in another order.
func otelArrow() (wirebench.Encoder, wirebench.Decoder, error) {
	p, c := arrow_record.NewProducer(), arrow_record.NewConsumer()
	encode := func(td ptrace.Traces) ([][]byte, error) {
		records, err := p.BatchArrowRecordsFromTraces(td)
		if err != nil {
			return nil, err
		}
		message, err := proto.Marshal(records)
		return [][]byte{message}, err
	}
	decode := func(message []byte) (td ptrace.Traces, err error) {
		var records pb.BatchArrowRecords
		if err := proto.Unmarshal(message, &records); err != nil {
			return td, err
		}
		batches, err := c.TracesFrom(&records)
		if err != nil {
			return td, err
		}
		if len(batches) != 1 {
			return td, fmt.Errorf("OTel-Arrow made %d batches of one", len(batches))
		}
		return batches[0], nil
	}
	return encode, decode, nil
}
