package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"switchyard/internal/gateway"
)

// challengeHeader is in lower case on purpose: one official client looks it up in
// a case-sensitive map, so it is put into the header map as it stands.
const challengeHeader = "www-authenticate"

// Challenges. The word "expired" is the signal on which clients fetch a new token
// and try once more: it must stand in the one challenge and in no other.
const (
	challengeExpired = `Bearer error="invalid_token", error_description="The access token expired"`
	challengeInvalid = `Bearer error="invalid_token", error_description="The access token is not valid"`
	challengeNone    = `Bearer`
	challengeBasic   = `Basic realm="switchyard"`
	challengeToken   = `Bearer realm="switchyard"` // to a Basic access key, where only tokens count
)

// authorize checks that the caller of r may act for project. A refusal's
// challenge goes into reply.
func (a *api) authorize(reply http.Header, r *http.Request, project string) error {
	own, challenge := a.authenticate(r)
	if challenge != "" {
		reply[challengeHeader] = []string{challenge}
		return gateway.Errorf(gateway.Unauthenticated, "%s", unauthenticated(challenge))
	}
	if own != project {
		return gateway.Errorf(gateway.Unauthorized, "these credentials have no access to the project")
	}
	return nil
}

// authenticate returns the project of the caller's credentials, or the challenge
// to refuse them with.
func (a *api) authenticate(r *http.Request) (project, challenge string) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch strings.ToLower(scheme) {
	case "basic":
		if a.batch {
			return "", challengeToken
		}
		id, secret, ok := r.BasicAuth()
		if !ok {
			return "", challengeBasic
		}
		project, ok := a.engine.Authenticate(r.Context(), id, secret)
		if !ok {
			return "", challengeBasic
		}
		return project, ""
	case "bearer":
		project, err := a.tokens.verify(strings.TrimSpace(token), time.Now())
		if errors.Is(err, errTokenExpired) {
			return "", challengeExpired
		}
		if err != nil {
			return "", challengeInvalid
		}
		return project, ""
	}
	return "", challengeNone
}

func unauthenticated(challenge string) string {
	switch challenge {
	case challengeExpired:
		return "the access token expired"
	case challengeInvalid:
		return "the access token is not valid"
	case challengeBasic:
		return "the access key or its secret is wrong"
	case challengeToken:
		return "the Batch API takes no access key: send a Bearer token"
	}
	return "credentials are missing: send a Bearer token or Basic access key"
}

// grantedToken is the answer of the token endpoint. Some clients read all four
// members without asking whether they are there.
type grantedToken struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	TokenType   string `json:"token_type"`
}

// tokenRefusal is the error form of OAuth 2.0 (RFC 6749 section 5.2).
type tokenRefusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// serveToken answers POST /oauth2/token and returns the HTTP status it gave.
func (a *api) serveToken(w http.ResponseWriter, r *http.Request) int {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return a.writeError(w, r, errMethod)
	}
	body, err := readBody(w, r, MaxBody)
	if err != nil {
		return a.writeError(w, r, err)
	}
	form, err := url.ParseQuery(string(body))
	w.Header().Set("Cache-Control", "no-store") // RFC 6749 section 5.1
	switch grant := form.Get("grant_type"); {
	case err != nil || grant == "":
		return a.writeJSON(w, r, http.StatusBadRequest,
			tokenRefusal{"invalid_request", "the body must be a form with grant_type=client_credentials"})
	case grant != "client_credentials":
		return a.writeJSON(w, r, http.StatusBadRequest,
			tokenRefusal{"unsupported_grant_type", "only client_credentials is supported"})
	}
	return a.grant(w, r, form)
}

// grant issues a token for the access key in the header or, without one, in the
// form.
func (a *api) grant(w http.ResponseWriter, r *http.Request, form url.Values) int {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	project, ok := a.engine.Authenticate(r.Context(), id, secret)
	if !ok {
		w.Header()[challengeHeader] = []string{challengeBasic}
		return a.writeJSON(w, r, http.StatusUnauthorized,
			tokenRefusal{"invalid_client", "the access key or its secret is wrong"})
	}
	token, err := a.tokens.issue(id, project, time.Now())
	if err != nil {
		return a.writeError(w, r, err)
	}
	return a.writeJSON(w, r, http.StatusOK, grantedToken{
		AccessToken: token,
		ExpiresIn:   int(tokenLife.Seconds()),
		TokenType:   "bearer",
	})
}
