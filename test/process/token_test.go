package process

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	file "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// expiredToken is an access token as the gateway on that store gave it out two
// hours ago. Nobody can wait for one to expire, so it is signed here, with the
// gateway's key: the only thing that these tests read from a store.
func expiredToken(t *testing.T, store string) string {
	t.Helper()
	issued := time.Now().Add(-2 * time.Hour)
	payload, err := json.Marshal(object{
		"sub": keyID, "project_id": projectID, "iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	key, err := tokenKey(t, store)
	if err != nil {
		t.Fatalf("read the key of access tokens: %v", err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func tokenKey(t *testing.T, store string) (key []byte, err error) {
	const query = "SELECT value FROM setting WHERE name = 'token_key'"
	path, ok := strings.CutPrefix(store, "sqlite:")
	if !ok {
		conn, err := pgx.Connect(t.Context(), store)
		if err != nil {
			return nil, err
		}
		defer conn.Close(t.Context())
		err = conn.QueryRow(t.Context(), query).Scan(&key)
		return key, err
	}
	conn, err := file.OpenConn(path, file.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{ResultFunc: func(row *file.Stmt) error {
		key = make([]byte, row.ColumnLen(0))
		row.ColumnBytes(0, key)
		return nil
	}})
	if err == nil && len(key) == 0 {
		err = fmt.Errorf("there is none")
	}
	return key, err
}
