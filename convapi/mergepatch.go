package convapi

import "encoding/json"

// MergePatch applies a JSON merge patch by the algorithm of RFC 7386 section 2,
// as metadata_update_strategy MERGE_PATCH has it. Both texts are valid JSON, or
// empty for nothing.
func MergePatch(target, patch json.RawMessage) json.RawMessage {
	changes, merged := membersOf(patch), membersOf(target)
	if changes == nil {
		return patch
	}
	if merged == nil {
		merged = make(map[string]json.RawMessage)
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(merged, name)
			continue
		}
		merged[name] = MergePatch(merged[name], change)
	}
	out, err := json.Marshal(merged)
	if err != nil {
		return target // not reached: the values are valid JSON
	}
	return out
}

// membersOf decodes a JSON object; nil for anything else.
func membersOf(text []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}
