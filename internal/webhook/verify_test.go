package webhook

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	signed := time.Unix(1767323045, 0)
	with := func(name, value string) http.Header {
		h := vectorHeader()
		h.Set(name, value)
		return h
	}
	without := func(name string) http.Header {
		h := vectorHeader()
		h.Del(name)
		return h
	}
	standard := func(signatures string) http.Header {
		h := http.Header{}
		h.Set(headerStandardID, "cb1")
		h.Set(headerStandardTimestamp, vectorTimestamp)
		h.Set(headerStandardSignature, signatures)
		return h
	}
	good := newSigner(vectorSecret).standardSignature("cb1", vectorTimestamp, []byte(vectorBody))
	both := vectorHeader()
	both.Set(headerStandardSignature, "v1,bm8=")

	for name, test := range map[string]struct {
		header http.Header
		secret string
		body   string
		now    time.Time
		want   error
	}{
		"good":                     {vectorHeader(), vectorSecret, vectorBody, signed, nil},
		"good, at the edge of age": {vectorHeader(), vectorSecret, vectorBody, signed.Add(MaxAge), nil},
		"too old":                  {vectorHeader(), vectorSecret, vectorBody, signed.Add(MaxAge + 1), ErrTooOld},
		"from the future":          {vectorHeader(), vectorSecret, vectorBody, signed.Add(-MaxAge - 1), ErrTooOld},
		"not signed":               {http.Header{}, vectorSecret, vectorBody, signed, ErrNotSigned},
		"other secret":             {vectorHeader(), "other", vectorBody, signed, ErrBadSignature},
		"other body":               {vectorHeader(), vectorSecret, vectorBody + " ", signed, ErrBadSignature},
		"other nonce":              {with(headerNonce, "01J0"), vectorSecret, vectorBody, signed, ErrBadSignature},
		"other timestamp":          {with(headerTimestamp, "1767323046"), vectorSecret, vectorBody, signed, ErrBadSignature},
		"no nonce":                 {without(headerNonce), vectorSecret, vectorBody, signed, ErrBadSignature},
		"other algorithm":          {with(headerAlgorithm, "HmacSHA512"), vectorSecret, vectorBody, signed, ErrBadSignature},
		"no algorithm":             {without(headerAlgorithm), vectorSecret, vectorBody, signed, ErrBadSignature},
		"standard":                 {standard(good), vectorSecret, vectorBody, signed, nil},
		"standard, rotated secret": {standard("v1,bm8= " + good), vectorSecret, vectorBody, signed, nil},
		"standard, wrong":          {standard("v1,bm8="), vectorSecret, vectorBody, signed, ErrBadSignature},
		"standard, too old":        {standard(good), vectorSecret, vectorBody, signed.Add(time.Hour), ErrTooOld},
		"only one scheme holds":    {both, vectorSecret, vectorBody, signed, ErrBadSignature},
	} {
		if err := verifyAt(test.secret, test.header, []byte(test.body), test.now); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestVerifyRefusesTimestampsThatAreNone(t *testing.T) {
	const nonsense = "2026-01-02"
	h := vectorHeader()
	h.Set(headerTimestamp, nonsense)
	h.Set(headerSignature, newSigner(vectorSecret).contractSignature([]byte(vectorBody), vectorNonce, nonsense))
	if err := Verify(vectorSecret, h, []byte(vectorBody)); !errors.Is(err, ErrTooOld) {
		t.Errorf("%v, want ErrTooOld", err)
	}
}
