package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// leaveTime bounds how long a lane that is to go to another node is waited for.
const leaveTime = 5 * time.Second

// Join makes this process a node: peer gets the configuration, its share of the
// lanes, and whatever other nodes leave for it. It is called once. The lanes
// are given up by Close.
func (db *DB) Join(ctx context.Context, peer Peer) error {
	err := db.ApplyOwed(ctx, Op{lock: true, Run: func(tx *Tx) error {
		if err := db.engine.join(ctx, tx, db.opts.Node); err != nil {
			return err
		}
		db.peer = peer // of the writer's goroutine, which this is
		return db.configure(ctx, peer)
	}})
	if err != nil {
		return err
	}
	if err := db.review(ctx); err != nil {
		return err
	}
	if db.engine.lanes() == 1 {
		return nil // a file has one owner for as long as it is locked
	}
	go db.lookAfter() //nolint:gosec // it works until Close, not until ctx ends
	return nil
}

// configure reads the configuration beside the transaction, whose lock keeps
// it as it is.
func (db *DB) configure(ctx context.Context, peer Peer) error {
	config, err := db.Configuration(ctx)
	if err != nil {
		return err
	}
	return peer.Configure(config)
}

// lookAfter keeps the leases in order until Close.
func (db *DB) lookAfter() {
	tick := time.NewTicker(db.opts.Lease / renewals)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			// The writer's own tick renews the lease of a node that is alone.
			if m := db.members.Load(); m.alone() && m.settled() {
				continue
			}
		case <-db.tend:
		case <-db.stop:
			return
		}
		if err := db.review(context.Background()); err != nil && !errors.Is(err, ErrClosed) {
			db.opts.Log.Error("the leases cannot be reviewed; trying again", "error", err)
		}
	}
}

// review looks at the other nodes, takes the lanes that are free and belong
// here, and gives up those that belong to others.
func (db *DB) review(ctx context.Context) error {
	var leaving map[int64][]int
	err := db.ApplyOwed(ctx, Op{lock: true, Run: func(tx *Tx) (err error) {
		leaving, err = db.claim(ctx, tx)
		return err
	}})
	if err != nil || len(leaving) == 0 {
		return err
	}
	timed, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	db.peer.Leave(timed, slices.Concat(slices.Collect(maps.Values(leaving))...))
	return db.ApplyOwed(ctx, Op{lock: true, Run: func(tx *Tx) error {
		for node, lanes := range leaving {
			lanes := slices.DeleteFunc(slices.Clone(lanes), func(lane int) bool { return !tx.Owns(lane) })
			if !tx.members.Live(node) {
				node = 0
			}
			if err := db.give(ctx, tx, lanes, node); err != nil {
				return err
			}
		}
		return nil
	}})
}

// claim buries the dead, takes what is free and says which lanes should go
// where. It runs under the lock.
func (db *DB) claim(ctx context.Context, tx *Tx) (leaving map[int64][]int, err error) {
	dead, revived, err := db.engine.review(ctx, tx)
	if err != nil {
		return nil, err
	}
	if revived { // the others have told this node nothing since they took it for dead
		if err := db.configure(ctx, db.peer); err != nil {
			return nil, err
		}
	}
	for _, node := range dead {
		if err := db.bury(tx, node); err != nil {
			return nil, err
		}
		db.opts.Log.Warn("another node is silent; its work is taken over", "node", node)
	}
	var free []int
	leaving = make(map[int64][]int)
	for lane, owner := range tx.members.owners {
		switch want := tx.members.wanted(lane); {
		case want == tx.members.self && !tx.members.Live(owner):
			free = append(free, lane)
		case owner == tx.members.self && want != tx.members.self:
			leaving[want] = append(leaving[want], lane)
		}
	}
	return leaving, db.give(ctx, tx, free, tx.members.self)
}

// bury ends a node; its lanes are nobody's then.
func (db *DB) bury(tx *Tx, node int64) error {
	if err := db.engine.bury(tx.ctx, node); err != nil {
		return err
	}
	tx.changeMembers(func(m *Members) {
		delete(m.nodes, node)
		for lane, owner := range m.owners {
			if owner == node {
				m.owners[lane] = 0
			}
		}
	})
	return nil
}

// give writes the owner of lanes.
func (db *DB) give(ctx context.Context, tx *Tx, lanes []int, node int64) error {
	if len(lanes) == 0 {
		return nil
	}
	if err := db.engine.assign(ctx, lanes, node); err != nil {
		return err
	}
	tx.changeMembers(func(m *Members) {
		for _, lane := range lanes {
			m.owners[lane] = node
		}
	})
	return nil
}

// changeMembers makes new Members for what the transaction writes.
func (tx *Tx) changeMembers(change func(*Members)) {
	m := *tx.members
	m.nodes, m.owners = maps.Clone(m.nodes), slices.Clone(m.owners)
	if !tx.moving {
		m.version++
		tx.moving = true
	}
	change(&m)
	tx.members = &m
}

// leave gives up all lanes, so that nobody has to wait for the lease to end.
func (db *DB) leave() {
	self := db.members.Load().self
	if self == 0 || db.engine.lanes() == 1 || db.down.Load() {
		return
	}
	err := db.ApplyOwed(context.Background(), Op{lock: true, Run: func(tx *Tx) error {
		return db.bury(tx, self)
	}})
	if err != nil && !errors.Is(err, ErrClosed) {
		db.opts.Log.Warn("the lanes cannot be given up; the others wait for the lease to end", "error", err)
	}
}
