package coding

import (
	"fmt"
	"time"
)

// maxValidity is the longest relative period that is written: the days field has two digits, and centres do not agree on the length of a month.
const maxValidity = 99*24*time.Hour + 23*time.Hour + 59*time.Minute + 59*time.Second

// RelativeValidity writes a validity_period that starts when the centre takes the message: YYMMDDhhmmss000R (SMPP 3.4, 7.1.1), rounded up to a
// second and cut to about 99 days. Zero and less give the empty string, which is the centre's default.
func RelativeValidity(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	s := int64((min(d, maxValidity) + time.Second - 1) / time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
}

// AbsoluteValidity writes a validity_period that ends at t: YYMMDDhhmmsstnn+ in UTC, where t is tenths of a second.
func AbsoluteValidity(t time.Time) string {
	t = t.UTC()
	return t.Format("060102150405") + fmt.Sprintf("%d00+", t.Nanosecond()/int(100*time.Millisecond))
}
