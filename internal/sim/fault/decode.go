package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// decode reads one fault or an array of them; an unknown member is an error,
// because a misspelt fault that does nothing makes a test pass.
func decode(r io.Reader) ([]Fault, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the faults: %w", err)
	}
	text = bytes.TrimSpace(text)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var faults []Fault
	if bytes.HasPrefix(text, []byte("[")) {
		err = d.Decode(&faults)
	} else {
		var one Fault
		err = d.Decode(&one)
		faults = []Fault{one}
	}
	if err != nil {
		return nil, fmt.Errorf("decode the faults: %w", err)
	}
	return faults, nil
}
