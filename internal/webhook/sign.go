package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
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

// maxFields is how many headers an attempt has at most; it sizes memory only.
const maxFields = 11

// fields returns the headers of one attempt, but for those that HTTP wants.
func (p *Poster) fields(r *Request, target *url.URL, token string) []field {
	f := make([]field, 0, maxFields)
	now := time.Now()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	if p.userAgent != "" {
		f = append(f, field{"User-Agent", p.userAgent})
	}
	f = append(f, field{"Content-Type", "application/json"}, field{headerStandardID, r.ID}, field{headerStandardTimestamp, timestamp})
	if r.Traceparent != "" {
		f = append(f, field{"Traceparent", r.Traceparent})
	}
	if r.Secret != "" {
		signer, nonce := p.signers.of(string(r.Secret)), newNonce(now)
		f = append(f,
			field{headerSignature, signer.contractSignature(r.Body, nonce, timestamp)}, field{headerTimestamp, timestamp},
			field{headerNonce, nonce}, field{headerAlgorithm, algorithm},
			field{headerStandardSignature, signer.standardSignature(r.ID, timestamp, r.Body)})
	}
	switch {
	case token != "":
		f = append(f, field{"Authorization", "Bearer " + token})
	case target.User != nil:
		f = append(f, field{"Authorization", basicAuth(target.User)})
	}
	return f
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
