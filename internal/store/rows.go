package store

// table is how rows of type R with keys of type K are stored.
type table[K comparable, R any] struct {
	*schema
	bindKey func(encoder, K)
	keyOf   func(*R) K
	bind    func(encoder, *R)
	scan    func(decoder) R
}

// rows is a Tx's view of one table.
type rows[K comparable, R any] struct {
	tx    *Tx
	table *table[K, R]
	have  map[K]*entry[R]
	want  []K
	dirty []K // in the order of their first change
}

// entry is a row as the batch sees it.
type entry[R any] struct {
	row    R
	exists bool
	dirty  bool
}

// Get gives the row of a key as the operations so far have left it, and false
// if there is none. What it returns is a copy; slices in it are shared and
// must not be changed in place.
func (r *rows[K, R]) Get(key K) (R, bool, error) {
	if e, ok := r.have[key]; ok {
		return e.row, e.exists, nil
	}
	e := &entry[R]{}
	found, err := r.tx.db.engine.get(r.tx.ctx, r.table.schema,
		func(enc encoder) { r.table.bindKey(enc, key) },
		func(dec decoder) { e.row = r.table.scan(dec) })
	if err != nil {
		return e.row, false, err
	}
	e.exists = found
	r.set(key, e)
	return e.row, found, nil
}

// Want says that the operation will Get the key. It is a hint that saves round
// trips.
func (r *rows[K, R]) Want(key K) {
	if _, ok := r.have[key]; !ok {
		r.want = append(r.want, key)
	}
}

// None says that there is no row with a key that was made just now, which saves
// looking for it.
func (r *rows[K, R]) None(key K) {
	if _, ok := r.have[key]; !ok {
		r.set(key, &entry[R]{})
	}
}

// Put writes a row.
func (r *rows[K, R]) Put(row R) {
	r.change(r.table.keyOf(&row), row, true)
}

// Delete removes the row of a key, if there is one.
func (r *rows[K, R]) Delete(key K) {
	var none R
	r.change(key, none, false)
}

func (r *rows[K, R]) change(key K, row R, exists bool) {
	tx := r.tx
	old, known := r.have[key]
	n := len(r.dirty)
	if !known || !old.dirty {
		r.dirty = append(r.dirty, key)
	}
	r.set(key, &entry[R]{row: row, exists: exists, dirty: true})
	tx.journal = append(tx.journal, func() {
		r.dirty = r.dirty[:n]
		if known {
			r.have[key] = old
		} else {
			delete(r.have, key)
		}
	})
}

func (r *rows[K, R]) set(key K, e *entry[R]) {
	if r.have == nil {
		r.have = make(map[K]*entry[R])
	}
	r.have[key] = e
}

// The methods of changes, for the engines.

func (r *rows[K, R]) schema() *schema { return r.table.schema }
func (r *rows[K, R]) wanted() int     { return len(r.want) }
func (r *rows[K, R]) changed() int    { return len(r.dirty) }

// eachWanted gives each wanted key once, and notes those as known: what is
// not loaded then does not exist.
func (r *rows[K, R]) eachWanted(f func(bind func(encoder))) {
	for _, key := range r.want {
		if _, ok := r.have[key]; ok {
			continue
		}
		r.set(key, &entry[R]{})
		f(func(enc encoder) { r.table.bindKey(enc, key) })
	}
	r.want = r.want[:0]
}

// forget drops the hints, where single loads are as good.
func (r *rows[K, R]) forget() { r.want = r.want[:0] }

func (r *rows[K, R]) loaded(dec decoder) {
	row := r.table.scan(dec)
	r.set(r.table.keyOf(&row), &entry[R]{row: row, exists: true})
}

func (r *rows[K, R]) eachPut(f func(bind func(encoder))) {
	for _, key := range r.dirty {
		if e := r.have[key]; e.exists {
			f(func(enc encoder) { r.table.bind(enc, &e.row) })
		}
	}
}

func (r *rows[K, R]) eachDelete(f func(bind func(encoder))) {
	for _, key := range r.dirty {
		if !r.have[key].exists {
			f(func(enc encoder) { r.table.bindKey(enc, key) })
		}
	}
}
