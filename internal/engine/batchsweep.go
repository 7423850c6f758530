package engine

import (
	"time"

	"switchyard/convapi"
	"switchyard/internal/gateway"
	"switchyard/internal/store"
)

// batchFor is how long it can be read what has become of a batch, after its end. The
// contract states no figure.
const batchFor = 30 * 24 * time.Hour

// batches deletes those that ended long ago.
func (s sweep) batches() error {
	bound := s.db.Now().Add(-batchFor)
	before := gateway.FirstID(bound)
	return eachPage(
		func(behind gateway.ID) ([]store.Batch, error) {
			return s.db.OldBatches(s.ctx, behind, before, sweepPage)
		},
		func(row store.Batch) gateway.ID { return row.ID },
		func(page []store.Batch) error {
			for _, row := range page {
				lane := s.db.Lane(row.ID)
				if !row.Ended.Before(bound) || !s.db.Members().Owns(lane) {
					continue
				}
				if err := s.deleteRows("batch", lane, 1, func(tx *store.Tx) { forgetBatch(tx, row) }); err != nil {
					return err
				}
			}
			return nil
		})
}

// forgetBatch deletes a batch that has ended.
func forgetBatch(tx *store.Tx, row store.Batch) {
	tx.Batches.Delete(row.ID)
	for number := range row.Total {
		tx.BatchItems.Delete(store.BatchItemKey{Batch: row.ID, Number: number})
	}
	for name, value := range convapi.Labels(row.Metadata) {
		tx.BatchLabels.Delete(store.BatchLabel{Project: row.Project, Name: name, Value: value, Batch: row.ID})
	}
}
