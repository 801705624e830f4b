package query

import (
	"context"

	"github.com/jcallgraph/jcallgraph/callgraph/strength"
	"github.com/jcallgraph/jcallgraph/storage"
	"github.com/jcallgraph/jcallgraph/storage/memory"
)

type tempStore struct{ *memory.Backend }

func (tempStore) Evidence(context.Context, storage.EvidenceQuery, func([]strength.Record) error) error {
	return nil
}
