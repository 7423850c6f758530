package store

import (
	"context"
	"strings"
)

// query runs on one of the readers' connections.
func (e *sqliteEngine) query(ctx context.Context, sql string, args []any, scan func(decoder)) (err error) {
	select {
	case conn := <-e.readers:
		defer func() { e.readers <- conn }()
		conn.SetInterrupt(ctx.Done())
		defer conn.SetInterrupt(nil)
		// $N would be a name to SQLite; ?N is a place.
		stmt, err := conn.Prepare(strings.ReplaceAll(sql, "$", "?"))
		if err != nil {
			return err
		}
		w := &sqliteWriter{stmt: stmt}
		for _, arg := range args {
			switch arg := arg.(type) {
			case int64:
				w.Int(arg)
			case string:
				w.Text(arg)
			case []byte:
				w.Blob(arg)
			}
		}
		defer func() {
			if back := stmt.Reset(); err == nil {
				err = back
			}
		}()
		for {
			row, err := stmt.Step()
			if err != nil || !row {
				return err
			}
			scan(decoder{&sqliteReader{stmt: stmt}})
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}
