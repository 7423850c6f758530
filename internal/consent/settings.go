package consent

import (
	"fmt"

	"switchyard/convapi"
)

// Check says what is wrong with an app's own words beyond their form: a
// convapi.FieldErrors, or nil.
func Check(s *convapi.ConsentSettings) error {
	if s == nil {
		return nil
	}
	var problems convapi.FieldErrors
	add := func(field, description string) {
		problems = append(problems, &convapi.FieldError{Field: "consent_settings." + field, Description: description})
	}
	known := map[string]bool{fold(stop): true}
	for i, own := range s.Keywords {
		for _, direction := range []struct {
			name string
			out  bool
			list []string
		}{{"opt_out", true, own.OptOut}, {"opt_in", false, own.OptIn}} {
			for j, word := range direction.list {
				field, folded := fmt.Sprintf("keywords[%d].%s[%d]", i, direction.name, j), fold(word)
				out, met := known[folded]
				switch {
				case folded == "":
					add(field, "must have a letter or a digit")
				case met && out != direction.out:
					add(field, "is a word for opting out and for opting in")
				default:
					known[folded] = direction.out
				}
			}
		}
	}
	for i, word := range s.Ignore {
		if fold(word) == stop {
			add(fmt.Sprintf("ignore[%d]", i), "STOP cannot be ignored")
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}
