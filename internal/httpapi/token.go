package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// tokenLife is how long an access token is good. The contract's servers say 3599
// or 3600 seconds; clients renew a minute before the end.
const tokenLife = 3599 * time.Second

// tokenHeader is the first part of every token of ours: {"alg":"HS256","typ":"JWT"}.
// A token with any other header is refused unread, which leaves no room for a
// caller to choose the algorithm.
const tokenHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

// Errors of verify.
var (
	errTokenForeign = errors.New("token was not issued here")
	errTokenExpired = errors.New("token has expired")
)

// claims are the second part of a token. Clients read exp.
type claims struct {
	Key     string `json:"sub"` // access key id
	Project string `json:"project_id"`
	Issued  int64  `json:"iat"` // Unix seconds
	Expires int64  `json:"exp"` // Unix seconds
}

// tokenMaker issues and verifies access tokens: JWTs (RFC 7519) signed with
// HMAC-SHA256. A token is good for its life even when its access key is deleted.
type tokenMaker struct{ key []byte }

func (m tokenMaker) issue(keyID, project string, now time.Time) (string, error) {
	payload, err := json.Marshal(claims{
		Key: keyID, Project: project,
		Issued: now.Unix(), Expires: now.Add(tokenLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed := tokenHeader + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + m.sign(signed), nil
}

// verify returns the project of a token, errTokenForeign or errTokenExpired.
func (m tokenMaker) verify(token string, now time.Time) (project string, err error) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || !hmac.Equal([]byte(token[end+1:]), []byte(m.sign(token[:end]))) {
		return "", errTokenForeign
	}
	encoded, ok := strings.CutPrefix(token[:end], tokenHeader+".")
	if !ok {
		return "", errTokenForeign
	}
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", errTokenForeign
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return "", errTokenForeign
	}
	if now.Unix() >= c.Expires {
		return "", errTokenExpired
	}
	return c.Project, nil
}

func (m tokenMaker) sign(signed string) string {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte(signed))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
