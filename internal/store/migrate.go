package store

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema. Its text serves both engines: the
// words {{blob}}, {{keytext}} and {{clustered}} are what differs.
type migration struct {
	name, checksum, text string
}

func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out = append(out, migration{strings.TrimPrefix(name, "migrations/"), hex.EncodeToString(sum[:8]), string(text)})
	}
	return out, nil
}

// pendingMigrations gives those that are not in done (name to checksum), and
// refuses a store that another version of an old step made.
func pendingMigrations(done map[string]string) ([]migration, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	var out []migration
	for _, m := range all {
		switch sum, ok := done[m.name]; {
		case !ok:
			out = append(out, m)
		case sum != m.checksum:
			return nil, fmt.Errorf("the store was made by another version of migration %s", m.name)
		}
	}
	return out, nil
}

// knownMigrations refuses a store that a newer version, or nobody, has made.
func knownMigrations(done map[string]string) error {
	steps, err := pendingMigrations(done)
	if err != nil {
		return err
	}
	all, err := migrations()
	switch {
	case err != nil:
		return err
	case len(done) == 0:
		return errors.New("no migration was carried out: this is no store of a gateway")
	case len(done)+len(steps) > len(all):
		return errors.New("a newer version of the gateway made it")
	}
	return nil
}

// statements splits a migration into its statements, in the words of one engine.
func (m migration) statements(words ...string) []string {
	var out []string
	for statement := range strings.SplitSeq(strings.NewReplacer(words...).Replace(m.text), ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			out = append(out, statement)
		}
	}
	return out
}
