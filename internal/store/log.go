package store

import "time"

// Callback is an entry of the callback log: one event for the webhooks of one
// app, or for one message-level callback URL.
type Callback struct {
	Lane     int
	App      ID
	Position uint64
	// Message orders: callbacks with the same one reach a webhook in order. It
	// is the message's id, or the contact's or conversation's for callbacks
	// about those.
	Message ID
	Trigger int    // index of the trigger, see the engine
	Target  string // a message-level callback URL; "" for the app's webhooks
	At      time.Time
	// Trace is the traceparent of what the callback tells of; "" for none.
	Trace string
	Body  []byte
}

type callbackKey struct {
	lane     int
	app      ID
	position uint64
}

var callbacks = &table[callbackKey, Callback]{
	schema: define("callback", 3, 9, "lane int", "app blob", "position int",
		"message blob", "trigger_type int", "target text", "at int", "trace text", "body blob"),
	unkept: true,
	bindKey: func(e encoder, k callbackKey) {
		e.Int(int64(k.lane))
		e.ID(k.app)
		e.Int(int64(k.position))
	},
	keyOf: func(r *Callback) callbackKey { return callbackKey{r.Lane, r.App, r.Position} },
	bind: func(e encoder, r *Callback) {
		e.Int(int64(r.Lane))
		e.ID(r.App)
		e.Int(int64(r.Position))
		e.ID(r.Message)
		e.Int(int64(r.Trigger))
		e.Text(r.Target)
		e.Time(r.At)
		e.Text(r.Trace)
		e.Blob(r.Body)
	},
	scan: func(d decoder) Callback {
		return Callback{
			Lane: d.Lane(), App: d.ID(), Position: uint64(d.Int()), Message: d.ID(),
			Trigger: int(d.Int()), Target: d.Text(), At: d.Time(), Trace: d.Text(), Body: d.Blob(),
		}
	},
}

// CursorKey names a webhook's reading position in one lane of the log.
type CursorKey struct {
	Lane    int
	Webhook ID
}

// Cursor says that the webhook is done with everything up to Position: it is
// delivered, waits in a Delivery, or was dropped.
type Cursor struct {
	CursorKey
	Position uint64
}

func bindCursorKey(e encoder, k CursorKey) {
	e.Int(int64(k.Lane))
	e.ID(k.Webhook)
}

var cursors = &table[CursorKey, Cursor]{
	schema:  define("delivery_cursor", 2, 2, "lane int", "webhook blob", "position int"),
	bindKey: bindCursorKey,
	keyOf:   func(r *Cursor) CursorKey { return r.CursorKey },
	bind:    func(e encoder, r *Cursor) { bindCursorKey(e, r.CursorKey); e.Int(int64(r.Position)) },
	scan:    func(d decoder) Cursor { return Cursor{CursorKey{d.Lane(), d.ID()}, uint64(d.Int())} },
}

// DeliveryKey is a callback and the webhook that it goes to.
type DeliveryKey struct {
	Lane     int
	Webhook  ID // or the id made of a message-level URL's origin
	Position uint64
}

func bindDeliveryKey(e encoder, k DeliveryKey) {
	e.Int(int64(k.Lane))
	e.ID(k.Webhook)
	e.Int(int64(k.Position))
}

func scanDeliveryKey(d decoder) DeliveryKey {
	return DeliveryKey{d.Lane(), d.ID(), uint64(d.Int())}
}

// Delivery is an exception to the cursor: a callback behind it that is still
// to be delivered.
type Delivery struct {
	DeliveryKey
	App      ID
	Attempts int       // made so far
	FirstAt  time.Time // of the first attempt
	NextAt   time.Time
	Status   int    // HTTP status of the last attempt, 0 for none
	Error    string // of the last attempt
}

var deliveries = &table[DeliveryKey, Delivery]{
	schema: define("delivery", 3, 4, "lane int", "webhook blob", "position int", "app blob",
		"attempts int", "first_at int", "next_at int", "status int", "error text"),
	unkept:  true,
	bindKey: bindDeliveryKey,
	keyOf:   func(r *Delivery) DeliveryKey { return r.DeliveryKey },
	bind: func(e encoder, r *Delivery) {
		bindDeliveryKey(e, r.DeliveryKey)
		e.ID(r.App)
		e.Int(int64(r.Attempts))
		e.Time(r.FirstAt)
		e.Time(r.NextAt)
		e.Int(int64(r.Status))
		e.Text(r.Error)
	},
	scan: func(d decoder) Delivery {
		return Delivery{
			DeliveryKey: scanDeliveryKey(d), App: d.ID(), Attempts: int(d.Int()),
			FirstAt: d.Time(), NextAt: d.Time(), Status: int(d.Int()), Error: d.Text(),
		}
	},
}

// Dropped records a callback that will not be delivered, and why.
type Dropped struct {
	DeliveryKey
	App      ID
	At       time.Time
	Attempts int
	Status   int    // HTTP status of the last attempt, 0 for none
	Reason   string // "refused", "expired" …, see the engine
	Error    string
}

var droppedCallbacks = &table[DeliveryKey, Dropped]{
	schema: define("dropped_callback", 3, 4, "lane int", "webhook blob", "position int", "app blob",
		"at int", "attempts int", "status int", "reason text", "error text"),
	unkept:  true,
	bindKey: bindDeliveryKey,
	keyOf:   func(r *Dropped) DeliveryKey { return r.DeliveryKey },
	bind: func(e encoder, r *Dropped) {
		bindDeliveryKey(e, r.DeliveryKey)
		e.ID(r.App)
		e.Time(r.At)
		e.Int(int64(r.Attempts))
		e.Int(int64(r.Status))
		e.Text(r.Reason)
		e.Text(r.Error)
	},
	scan: func(d decoder) Dropped {
		return Dropped{
			DeliveryKey: scanDeliveryKey(d), App: d.ID(), At: d.Time(), Attempts: int(d.Int()),
			Status: int(d.Int()), Reason: d.Text(), Error: d.Text(),
		}
	},
}
