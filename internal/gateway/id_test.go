package gateway

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIDTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var id ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		if id.IsZero() {
			t.Skip("the zero ID has no text")
		}
		got, ok := ParseID(id.String())
		if !ok || got != id {
			t.Fatalf("ParseID(%q) = %v, %v; want %v", id.String(), got, ok, id)
		}
	})
}

func TestIDsAscendAndKeepTheirLane(t *testing.T) {
	now := time.UnixMilli(1_767_323_045_000)
	last := ID{}
	for i := range 200_000 {
		id := NewIDAt(byte(i), now)
		if id.String() <= last.String() {
			t.Fatalf("id %d: %s does not follow %s", i, id, last)
		}
		if id.Lane() != byte(i) {
			t.Fatalf("id %d: lane %d", i, id.Lane())
		}
		last = id
	}
	if d := last.Time().Sub(now); d < 0 || d > 10*time.Millisecond {
		t.Fatalf("time of the last id is %v off", d)
	}
}

// An id of the past sorts by its time, to the microsecond, and leaves those of
// the present as they are.
func TestIDsOfThePast(t *testing.T) {
	now := time.UnixMilli(1_767_323_045_000)
	before := NewIDAt(1, now)
	past := now.Add(-time.Hour)
	last := NewIDOf(7, past)
	for us := range 3000 {
		id := NewIDOf(7, past.Add(time.Duration(us+1)*time.Microsecond))
		if id.String() <= last.String() || id.Lane() != 7 {
			t.Fatalf("%s of %d µs later follows %s", id, us+1, last)
		}
		last = id
	}
	if FirstID(past).String() > NewIDOf(0, past).String() || FirstID(past.Add(time.Millisecond)).String() < NewIDOf(255, past).String() {
		t.Error("an id does not lie in its millisecond")
	}
	if after := NewIDAt(1, now); after.String() <= before.String() {
		t.Errorf("%s follows %s", after, before)
	}
}

func TestParseIDRefusesWhatIsNotAULID(t *testing.T) {
	for _, s := range []string{"", "01W4FFL35P4NC4K35CONVAPP001", "81J0AAAAAAAAAAAAAAAAAAAAAA", "01J0AAAAAAAAAAAAAAAAAAAAAU", "01j0aaaaaaaaaaaaaaaaaaaaaa", "00000000000000000000000000"} {
		if id, ok := ParseID(s); ok {
			t.Errorf("ParseID(%q) = %v, want a refusal", s, id)
		}
	}
}

func TestLanesAreEvenlyUsed(t *testing.T) {
	var count [Lanes]int
	for i := range 256_000 {
		count[LaneOf(time.Unix(int64(46_700_000_000+i), 0).Format("0405")+string(rune(i)))]++
	}
	for lane, n := range count {
		if n < 500 || n > 2000 {
			t.Errorf("lane %d holds %d of 256,000 keys, want about 1,000", lane, n)
		}
	}
}
