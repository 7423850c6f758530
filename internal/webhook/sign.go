package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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

// maxHeaders is how many headers an attempt has at most; it sizes memory only.
const maxHeaders = 13

// header returns all headers of one attempt.
func (p *Poster) header(r *Request, target *url.URL, token string) http.Header {
	h := make(http.Header, maxHeaders)
	values := make([]string, 0, maxHeaders) // one allocation instead of one each
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	now := time.Now()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	set("Content-Type", "application/json")
	set("User-Agent", p.userAgent)
	set(headerStandardID, r.ID)
	set(headerStandardTimestamp, timestamp)
	// Present but empty, it is not sent and tells the transport that this POST
	// may be sent again when a kept connection turns out to be closed:
	// webhook-id lets the endpoint recognise a duplicate.
	h["Idempotency-Key"] = nil
	if r.Traceparent != "" {
		set("Traceparent", r.Traceparent)
	}
	if r.Secret != "" {
		secret, nonce := string(r.Secret), newNonce(now)
		set(headerSignature, contractSignature(secret, r.Body, nonce, timestamp))
		set(headerTimestamp, timestamp)
		set(headerNonce, nonce)
		set(headerAlgorithm, algorithm)
		set(headerStandardSignature, standardSignature(secret, r.ID, timestamp, r.Body))
	}
	switch {
	case token != "":
		set("Authorization", "Bearer "+token)
	case target.User != nil:
		set("Authorization", basicAuth(target.User))
	}
	return h
}

// contractSignature is the contract's: body, nonce and timestamp, keyed
// with the secret as it is.
func contractSignature(secret string, body []byte, nonce, timestamp string) string {
	return sign([]byte(secret), body, []byte("."+nonce+"."+timestamp))
}

// standardSignature is the symmetric scheme of Standard Webhooks.
func standardSignature(secret, id, timestamp string, body []byte) string {
	return standardVersion + sign(standardKey(secret), []byte(id+"."+timestamp+"."), body)
}

func sign(key []byte, parts ...[]byte) string {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part) // a hash never fails
	}
	var sum [sha256.Size]byte
	return base64.StdEncoding.EncodeToString(mac.Sum(sum[:0]))
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

func basicAuth(user *url.Userinfo) string {
	password, _ := user.Password()
	credentials := user.Username() + ":" + password
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}
