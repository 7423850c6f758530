package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The names are written as the contract and Standard Webhooks spell them; HTTP
// does not care.
const (
	headerSignature = "x-sinch-webhook-signature"
	headerTimestamp = "x-sinch-webhook-signature-timestamp"
	headerNonce     = "x-sinch-webhook-signature-nonce"
	headerAlgorithm = "x-sinch-webhook-signature-algorithm"

	headerStandardID        = "webhook-id"
	headerStandardTimestamp = "webhook-timestamp"
	headerStandardSignature = "webhook-signature"

	// algorithm is what the Java SDK hands to its crypto provider.
	algorithm = "HmacSHA256"
	// standardPrefix marks a Standard Webhooks secret, and standardVersion its
	// symmetric signatures.
	standardPrefix  = "whsec_"
	standardVersion = "v1,"
)

// header returns all headers of one attempt.
func (p *Poster) header(r *Request, target *url.URL, token string) http.Header {
	now := time.Now()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h := http.Header{
		"Content-Type":          {"application/json"},
		"User-Agent":            {p.userAgent},
		headerStandardID:        {r.ID},
		headerStandardTimestamp: {timestamp},
		// Present but empty, it is not sent and tells the transport that this
		// POST may be sent again when a kept connection turns out to be closed:
		// webhook-id lets the endpoint recognise a duplicate.
		"Idempotency-Key": nil,
	}
	if r.Secret != "" {
		secret, nonce := string(r.Secret), newNonce(now)
		h[headerSignature] = []string{contractSignature(secret, r.Body, nonce, timestamp)}
		h[headerTimestamp] = []string{timestamp}
		h[headerNonce] = []string{nonce}
		h[headerAlgorithm] = []string{algorithm}
		h[headerStandardSignature] = []string{standardSignature(secret, r.ID, timestamp, r.Body)}
	}
	switch {
	case token != "":
		h["Authorization"] = []string{"Bearer " + token}
	case target.User != nil:
		h["Authorization"] = []string{basicAuth(target.User)}
	}
	return h
}

// contractSignature is callbacks.md section 2: body, nonce and timestamp, keyed
// with the secret as it is.
func contractSignature(secret string, body []byte, nonce, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	writeStrings(mac, ".", nonce, ".", timestamp)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// standardSignature is the symmetric scheme of Standard Webhooks.
func standardSignature(secret, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, standardKey(secret))
	writeStrings(mac, id, ".", timestamp, ".")
	mac.Write(body)
	return standardVersion + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// standardKey is explained in the package comment. What follows whsec_ without
// being base64 is a text like any other.
func standardKey(secret string) []byte {
	if encoded, ok := strings.CutPrefix(secret, standardPrefix); ok {
		if key, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(key) > 0 {
			return key
		}
	}
	return []byte(secret)
}

// writeStrings feeds a hash, which by its contract never fails.
func writeStrings(h hash.Hash, parts ...string) {
	for _, part := range parts {
		h.Write([]byte(part))
	}
}

func basicAuth(user *url.Userinfo) string {
	password, _ := user.Password()
	credentials := user.Username() + ":" + password
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}
