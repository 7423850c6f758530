package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// firstProject sees to it that there is a project with an access key. What the
// settings leave open is made on an empty store, and told this once.
func (a *App) firstProject(ctx context.Context) error {
	cfg := a.cfg
	if cfg.ProjectID == "" && cfg.KeyID == "" {
		if a.Engine.Projects() > 0 {
			return nil
		}
	}
	a.Project = cfg.ProjectID
	if a.Project == "" {
		a.Project = uuid()
		fmt.Fprintf(cfg.Out, "project id  %s\n", a.Project)
	}
	if cfg.KeyID == "" {
		if a.Engine.ProjectExists(a.Project) {
			return nil
		}
		cfg.KeyID, cfg.KeySecret = uuid(), secret()
		fmt.Fprintf(cfg.Out, "key id      %s\nkey secret  %s   (shown this once)\n", cfg.KeyID, cfg.KeySecret)
	}
	return a.Engine.PutProject(ctx, a.Project, cfg.KeyID, cfg.KeySecret)
}

// uuid is a random UUID, version 4 (RFC 9562): the form of the contract's
// project and key ids.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// secret is 128 random bits.
func secret() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
