package channel

import (
	"strconv"
	"strings"
)

// Reference is what a provider that echoes a reference gets with part i (from 0)
// of m: our id and, of several parts, which one it is.
func (m Outbound) Reference(i int) string {
	if len(m.Bodies) < 2 {
		return m.MessageID
	}
	return m.MessageID + "/" + strconv.Itoa(i+1) + "/" + strconv.Itoa(len(m.Bodies))
}

// SetReference makes the report one on what Reference made. Any other text is
// taken for a message's id.
func (r *Report) SetReference(text string) {
	r.MessageID = text
	id, rest, _ := strings.Cut(text, "/")
	first, second, ok := strings.Cut(rest, "/")
	part, err := strconv.Atoi(first)
	parts, err2 := strconv.Atoi(second)
	if ok && err == nil && err2 == nil && part >= 1 && part <= parts {
		r.MessageID, r.Part, r.Parts = id, part, parts
	}
}
