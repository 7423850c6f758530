package store

import "errors"

// table is how rows of type R with keys of type K are stored.
type table[K comparable, R any] struct {
	*schema
	bindKey func(encoder, K)
	keyOf   func(*R) K
	bind    func(encoder, *R)
	scan    func(decoder) R
	// unkept: not kept from batch to batch, for the later steps of a message do
	// not read these rows.
	unkept bool
	// size is how many bytes a row may take beyond what all rows do; nil: none.
	size func(*R) int
}

// rows is a Tx's view of one table.
type rows[K comparable, R any] struct {
	tx    *Tx
	table *table[K, R]
	// have holds what the batch has read or changed and, where rows are kept, what
	// earlier ones have; older what was there before have was full.
	have, older map[K]*entry[K, R]
	want        []K
	dirty       []*entry[K, R] // in the order of their first change
	large       []K            // rows too large to be kept
	journal     []before[K, R] // of the running operation

	// What the engines are handed; made once, for they are handed over often.
	key       K
	row       R
	current   *entry[K, R]
	bindKey   func(encoder) // of key
	scanRow   func(decoder) // into row
	bindRow   func(encoder) // of current
	bindOfRow func(encoder) // of the key of current
}

// entry is a row as the batch sees it.
type entry[K comparable, R any] struct {
	key    K
	row    R
	exists bool
	stored bool // a row with this key is on disk
	dirty  bool
	// moved: columns that else never change have changed, so that the row on disk
	// is not updated but replaced.
	moved bool
}

// before is an entry as it was before the running operation changed it.
type before[K comparable, R any] struct {
	entry *entry[K, R]
	was   entry[K, R]
	known bool
}

// keptRows is how many rows of a table are kept from batch to batch, at most
// twice over: what five hundred messages under way need is not read again. Rows
// of more than keptSize bytes are not.
const (
	keptRows = 512
	keptSize = 2048
)

func (r *rows[K, R]) attach(tx *Tx, t *table[K, R]) {
	r.tx, r.table = tx, t
	r.have, r.older = make(map[K]*entry[K, R]), make(map[K]*entry[K, R])
	r.bindKey = func(enc encoder) { t.bindKey(enc, r.key) }
	r.scanRow = func(dec decoder) { r.row = t.scan(dec) }
	r.bindRow = func(enc encoder) { t.bind(enc, &r.current.row) }
	r.bindOfRow = func(enc encoder) { t.bindKey(enc, r.current.key) }
	tx.tables = append(tx.tables, r)
}

// Get gives the row of a key as the operations so far have left it, and false
// if there is none. What it returns is a copy; slices in it are shared and
// must not be changed in place.
func (r *rows[K, R]) Get(key K) (R, bool, error) {
	if e := r.find(key); e != nil {
		return e.row, e.exists, nil
	}
	if r.tx.early {
		var none R
		return none, false, errEarly
	}
	r.key = key
	found, err := r.tx.db.engine.get(r.tx.ctx, r.table.schema, r.bindKey, r.scanRow)
	row := r.row
	var none R
	r.row = none
	if err != nil {
		return none, false, err
	}
	if !found {
		row = none
	}
	r.hold(entry[K, R]{key: key, row: row, exists: found, stored: found})
	return row, found, nil
}

// errEarly: a read in the first round of an operation's Want.
var errEarly = errors.New("the first round of what is wanted cannot read")

// hold keeps what was read.
func (r *rows[K, R]) hold(e entry[K, R]) {
	r.have[e.key] = &e
	r.measure(e.key, &e.row)
}

func (r *rows[K, R]) measure(key K, row *R) {
	if r.table.size != nil && r.table.size(row) > keptSize {
		r.large = append(r.large, key)
	}
}

// find gives the entry of a key; nil if nothing is known of it.
func (r *rows[K, R]) find(key K) *entry[K, R] {
	if e, ok := r.have[key]; ok {
		return e
	}
	e, ok := r.older[key]
	if ok {
		delete(r.older, key)
		r.have[key] = e
	}
	return e
}

// Want says that the operation will Get the key. It is a hint that saves round
// trips.
func (r *rows[K, R]) Want(key K) {
	if r.find(key) == nil {
		r.want = append(r.want, key)
	}
}

// None says that there is no row with a key that was made just now, which saves
// looking for it.
func (r *rows[K, R]) None(key K) {
	if r.find(key) == nil {
		r.have[key] = &entry[K, R]{key: key}
	}
}

// Put writes a row.
func (r *rows[K, R]) Put(row R) {
	e := r.change(r.table.keyOf(&row))
	e.moved = e.moved || e.stored && !e.exists // deleted, and here again
	e.row, e.exists = row, true
	r.measure(e.key, &row)
}

// Move writes a row of which columns may have changed that else never do.
func (r *rows[K, R]) Move(row R) {
	r.Put(row)
	r.find(r.table.keyOf(&row)).moved = true
}

// Delete removes the row of a key, if there is one.
func (r *rows[K, R]) Delete(key K) {
	e := r.change(key)
	var none R
	e.row, e.exists = none, false
}

// change gives the entry of a key to be changed, and notes how it was.
func (r *rows[K, R]) change(key K) *entry[K, R] {
	e := r.find(key)
	known := e != nil
	if !known {
		e = &entry[K, R]{key: key}
		r.have[key] = e
	}
	if len(r.journal) == 0 {
		r.tx.touched = append(r.tx.touched, r)
	}
	r.journal = append(r.journal, before[K, R]{e, *e, known})
	if !e.dirty {
		e.dirty = true
		r.dirty = append(r.dirty, e)
	}
	return e
}

// The methods of changes, for the Tx.

// accept keeps what the running operation has done.
func (r *rows[K, R]) accept() {
	clear(r.journal)
	r.journal = r.journal[:0]
}

// undo takes back what the running operation has done.
func (r *rows[K, R]) undo() {
	for i := len(r.journal) - 1; i >= 0; i-- {
		b := &r.journal[i]
		*b.entry = b.was
		if !b.was.dirty {
			r.dirty = r.dirty[:len(r.dirty)-1]
		}
		if !b.known {
			delete(r.have, b.was.key)
		}
	}
	r.accept()
}

// written notes that all changes are on disk.
func (r *rows[K, R]) written() {
	for _, e := range r.dirty {
		e.dirty, e.moved, e.stored = false, false, e.exists
	}
	if r.table.unkept {
		r.reset()
		return
	}
	for _, key := range r.large {
		delete(r.have, key)
	}
	clear(r.dirty)
	r.dirty, r.large = r.dirty[:0], r.large[:0]
	if len(r.have) > keptRows {
		clear(r.older)
		r.have, r.older = r.older, r.have
	}
}

// reset forgets everything.
func (r *rows[K, R]) reset() {
	clear(r.have)
	clear(r.older)
	clear(r.dirty)
	r.want, r.dirty, r.large = r.want[:0], r.dirty[:0], r.large[:0]
	r.accept()
}

// The methods of changes, for the engines.

func (r *rows[K, R]) schema() *schema { return r.table.schema }
func (r *rows[K, R]) wanted() int     { return len(r.want) }
func (r *rows[K, R]) changed() int    { return len(r.dirty) }

// eachWanted gives each wanted key once, and notes those as known: what is
// not loaded then does not exist.
func (r *rows[K, R]) eachWanted(f func(bind func(encoder))) {
	for _, key := range r.want {
		if r.find(key) != nil {
			continue
		}
		r.have[key] = &entry[K, R]{key: key}
		r.key = key
		f(r.bindKey)
	}
	r.want = r.want[:0]
}

func (r *rows[K, R]) loaded(dec decoder) {
	row := r.table.scan(dec)
	r.hold(entry[K, R]{key: r.table.keyOf(&row), row: row, exists: true, stored: true})
}

// reached is loaded for a row that nobody asked for by its key, and that need not
// be there: then it has no key.
func (r *rows[K, R]) reached(dec decoder) {
	row := r.table.scan(dec)
	var none K
	if key := r.table.keyOf(&row); key != none && r.find(key) == nil {
		r.hold(entry[K, R]{key: key, row: row, exists: true, stored: true})
	}
}

func (r *rows[K, R]) eachPut(f func(bind func(encoder), stored bool)) {
	for _, e := range r.dirty {
		if e.exists {
			r.current = e
			f(r.bindRow, e.stored && !e.moved)
		}
	}
	r.current = nil
}

func (r *rows[K, R]) eachDelete(f func(bind func(encoder))) {
	for _, e := range r.dirty {
		if !e.exists || e.moved {
			r.current = e
			f(r.bindOfRow)
		}
	}
	r.current = nil
}
