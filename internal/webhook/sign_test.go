package webhook

import (
	"encoding/base32"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A vector of our own; peers_test.go has the official SDK verify others.
const (
	vectorSecret    = "topsecret"
	vectorNonce     = "01J0BBBBBBBBBBBBBBBBBBBBBB"
	vectorTimestamp = "1767323045"
	vectorBody      = `{"app_id":"01J0AAAAAAAAAAAAAAAAAAAAAA","project_id":"3f2b8a8e-0000-4000-8000-000000000001","accepted_time":"2026-01-02T03:04:05Z"}`
	vectorSignature = "y/T16gDNWaqulhkk2SSys80uLhqO4xQOhQ6ZPNk4Oxw="
)

func vectorHeader() http.Header {
	return http.Header{
		http.CanonicalHeaderKey(headerSignature): {vectorSignature},
		http.CanonicalHeaderKey(headerTimestamp): {vectorTimestamp},
		http.CanonicalHeaderKey(headerNonce):     {vectorNonce},
		http.CanonicalHeaderKey(headerAlgorithm): {algorithm},
	}
}

func TestContractVector(t *testing.T) {
	if got := newSigner(vectorSecret).contractSignature([]byte(vectorBody), vectorNonce, vectorTimestamp); got != vectorSignature {
		t.Errorf("signature %s, want %s", got, vectorSignature)
	}
	signed := time.Unix(1767323045, 0)
	if err := verifyAt(vectorSecret, vectorHeader(), []byte(vectorBody), signed); err != nil {
		t.Errorf("verify: %v", err)
	}
}

// The example of the Standard Webhooks specification.
func TestStandardVector(t *testing.T) {
	got := newSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").standardSignature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

// One signer signs many texts at once, each as if it were the first.
func TestSignersAreShared(t *testing.T) {
	var all signers
	var posts sync.WaitGroup
	for i := range 8 {
		posts.Go(func() {
			for j := range 200 {
				secret, body := "secret"+strconv.Itoa(j%3), []byte(strconv.Itoa(i*1000+j))
				got := all.of(secret).contractSignature(body, "nonce", "1")
				if want := newSigner(secret).contractSignature(body, "nonce", "1"); got != want {
					t.Errorf("signature %s, want %s", got, want)
				}
				got = all.of(secret).standardSignature("id", "1", body)
				if want := newSigner(secret).standardSignature("id", "1", body); got != want {
					t.Errorf("standard signature %s, want %s", got, want)
				}
			}
		})
	}
	posts.Wait()
	for i := range 3 * maxSigners {
		all.of(strconv.Itoa(i))
	}
	if n := len(all.bySecret); n > maxSigners {
		t.Errorf("%d signers are kept, want at most %d", n, maxSigners)
	}
}

func TestStandardKey(t *testing.T) {
	for secret, want := range map[string]string{
		"whsec_aGVsbG8=":     "hello",
		"topsecret":          "topsecret",
		"aGVsbG8=":           "aGVsbG8=",
		"whsec_not base64 !": "whsec_not base64 !",
		"whsec_":             "whsec_",
	} {
		if got := standardKey(secret); string(got) != want {
			t.Errorf("key of %q is %q, want %q", secret, got, want)
		}
	}
}

func TestNonceIsAULID(t *testing.T) {
	form := regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)
	// The example of the ULID specification: 1469918176385 ms is 01ARYZ6S41.
	nonce := newNonce(time.UnixMilli(1469918176385))
	if !form.MatchString(nonce) || nonce[:10] != "01ARYZ6S41" {
		t.Errorf("nonce %s", nonce)
	}
	seen := map[string]bool{}
	for range 10_000 {
		seen[newNonce(time.UnixMilli(1469918176385))] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d different nonces of 10000", len(seen))
	}
}

// Law: the random part uses every bit once, that is, it is the base 32 of its
// bytes.
func TestFiveBits(t *testing.T) {
	encoding := base32.NewEncoding(crockford)
	rapid.Check(t, func(t *rapid.T) {
		random := [10]byte(rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "random"))
		var got [16]byte
		for i := range got {
			got[i] = crockford[fiveBits(random, 5*i)]
		}
		if want := encoding.EncodeToString(random[:]); string(got[:]) != want {
			t.Fatalf("%x is %s, want %s", random, got, want)
		}
	})
}
