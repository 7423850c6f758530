package engine

import (
	"testing"

	"switchyard/internal/lifecycle"
	"switchyard/internal/transcode"
)

// Every request of a message is a part whose report is told apart.
func TestBodiesAreParts(t *testing.T) {
	if transcode.MaxBodies > lifecycle.MaxParts {
		t.Errorf("a message may become %d requests, and reports of %d are told apart", transcode.MaxBodies, lifecycle.MaxParts)
	}
}
