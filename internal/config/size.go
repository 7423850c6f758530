package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as 64MiB or 1GiB, or as a plain number.
type Size uint64

// sizeUnits are the units by their powers of 1024, as IEC 80000-13 names them.
var sizeUnits = []string{"KiB", "MiB", "GiB", "TiB"}

var errSize = errors.New("want a size like 64MiB or 1GiB")

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), uint64(1)
	for i, unit := range sizeUnits {
		if before, ok := strings.CutSuffix(number, unit); ok {
			number, factor = before, 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 64)
	if err != nil || n > math.MaxInt64/factor {
		return errSize
	}
	*s = Size(n * factor)
	return nil
}

// String gives the size in the largest unit that needs no fraction.
func (s Size) String() string {
	for i := len(sizeUnits) - 1; i >= 0; i-- {
		if unit := Size(1) << (10 * (i + 1)); s >= unit && s%unit == 0 {
			return strconv.FormatUint(uint64(s/unit), 10) + sizeUnits[i]
		}
	}
	return strconv.FormatUint(uint64(s), 10)
}
