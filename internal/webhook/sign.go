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
	"sync"
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
		signer, nonce := p.signers.of(string(r.Secret)), newNonce(now)
		set(headerSignature, signer.contractSignature(r.Body, nonce, timestamp))
		set(headerTimestamp, timestamp)
		set(headerNonce, nonce)
		set(headerAlgorithm, algorithm)
		set(headerStandardSignature, signer.standardSignature(r.ID, timestamp, r.Body))
	}
	switch {
	case token != "":
		set("Authorization", "Bearer "+token)
	case target.User != nil:
		set("Authorization", basicAuth(target.User))
	}
	return h
}

// signer signs with one secret. It keeps keyed hashes, which cost more to make
// than to use. It is safe for concurrent use.
type signer struct{ contract, standard keyed }

func newSigner(secret string) *signer {
	return &signer{contract: newKeyed([]byte(secret)), standard: newKeyed(standardKey(secret))}
}

// contractSignature is the contract's: body, nonce and timestamp, keyed
// with the secret as it is.
func (s *signer) contractSignature(body []byte, nonce, timestamp string) string {
	return s.contract.sign("", body, "."+nonce+"."+timestamp)
}

// standardSignature is the symmetric scheme of Standard Webhooks.
func (s *signer) standardSignature(id, timestamp string, body []byte) string {
	return standardVersion + s.standard.sign(id+"."+timestamp+".", body, "")
}

// keyed is a pool of *mac.
type keyed struct{ pool *sync.Pool }

// mac is a keyed hash with room for what it reads and writes.
type mac struct {
	hash.Hash
	text []byte
	sum  [sha256.Size]byte
}

func newKeyed(key []byte) keyed {
	return keyed{&sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }}}
}

// sign gives the signature of the three parts, one after the other.
func (k keyed) sign(before string, body []byte, behind string) string {
	m := k.pool.Get().(*mac)
	defer k.pool.Put(m)
	m.Reset()
	m.text = append(append(m.text[:0], before...), behind...)
	m.Write(m.text[:len(before)]) // a hash never fails
	m.Write(body)
	m.Write(m.text[len(before):])
	return base64.StdEncoding.EncodeToString(m.Sum(m.sum[:0]))
}

// signers keeps the signers of the secrets in use.
type signers struct {
	mu       sync.RWMutex
	bySecret map[string]*signer
}

// maxSigners bounds them; when there are more secrets, all begin anew.
const maxSigners = 1024

func (s *signers) of(secret string) *signer {
	s.mu.RLock()
	found := s.bySecret[secret]
	s.mu.RUnlock()
	if found != nil {
		return found
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bySecret == nil || len(s.bySecret) >= maxSigners {
		s.bySecret = make(map[string]*signer)
	}
	found = newSigner(secret)
	s.bySecret[secret] = found
	return found
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
