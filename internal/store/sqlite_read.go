package store

import (
	"context"
	"errors"
	"strings"
)

// query runs on one of the readers' connections. A damaged page that it meets
// ends the process: the writer must not build on what is beside it.
func (e *sqliteEngine) query(ctx context.Context, sql string, args []any, scan func(decoder)) (err error) {
	select {
	case conn := <-e.readers:
		defer func() { e.readers <- conn }()
		conn.SetInterrupt(ctx.Done())
		defer conn.SetInterrupt(nil)
		defer func() {
			if fault := sqliteFault(err); errors.Is(fault, ErrDamaged) {
				err = e.breakDown(because(fault, err))
			}
		}()
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
