-- Ids are 16-byte ULIDs, times are Unix microseconds (0: none), lanes are 0 on
-- SQLite and 0 to 255 on PostgreSQL. There are no NULLs.

-- The one row that every transaction passes through (docs/adr/0008): how many
-- there were, the newest position in the callback log, and the counts of
-- processes, of changes of who works on what, and of handoffs.
CREATE TABLE writer (
  one      bigint PRIMARY KEY,
  version  bigint NOT NULL,
  head     bigint NOT NULL,
  nodes    bigint NOT NULL,
  leases   bigint NOT NULL,
  handed   bigint NOT NULL
){{counter}};

INSERT INTO writer (one, version, head, nodes, leases, handed) VALUES (1, 0, 0, 0, 0, 0);

-- A process on the store. batch counts its own transactions; expires is 0 once
-- it has ended or was silent for too long.
CREATE TABLE node (
  id       bigint PRIMARY KEY,
  name     text   NOT NULL,
  address  text   NOT NULL,
  batch    bigint NOT NULL,
  expires  bigint NOT NULL
){{counter}};

-- Which node does the work of a lane; a lane without a row is nobody's.
CREATE TABLE lane (
  lane  bigint PRIMARY KEY,
  node  bigint NOT NULL
);

-- What one node has left for another to go on with.
CREATE TABLE handoff (
  node     bigint NOT NULL,
  number   bigint NOT NULL,
  kind     bigint NOT NULL,
  lane     bigint NOT NULL,
  app      {{blob}} NOT NULL,
  subject  {{blob}} NOT NULL,
  at       bigint NOT NULL,
  detail   text   NOT NULL,
  PRIMARY KEY (node, number)
);

CREATE TABLE setting (
  name     {{keytext}} PRIMARY KEY,
  value    {{blob}} NOT NULL
);

CREATE TABLE project (
  id         {{keytext}} PRIMARY KEY,
  created    bigint NOT NULL,
  settings   {{blob}} NOT NULL,
  conflicts  bigint NOT NULL
);

CREATE TABLE access_key (
  id       {{keytext}} PRIMARY KEY,
  project  {{keytext}} NOT NULL,
  hash     {{blob}} NOT NULL,
  created  bigint NOT NULL
);

CREATE TABLE app (
  id       {{blob}} PRIMARY KEY,
  project  {{keytext}} NOT NULL,
  body     {{blob}} NOT NULL
);

CREATE TABLE webhook (
  id       {{blob}} PRIMARY KEY,
  app      {{blob}} NOT NULL,
  project  {{keytext}} NOT NULL,
  since    bigint NOT NULL,
  body     {{blob}} NOT NULL
);

CREATE TABLE webhook_state (
  id       {{blob}} PRIMARY KEY,
  body     {{blob}} NOT NULL
);

CREATE TABLE template (
  project  {{keytext}} NOT NULL,
  id       {{keytext}} NOT NULL,
  v1       bigint NOT NULL,
  body     {{blob}} NOT NULL,
  PRIMARY KEY (project, id)
);

CREATE TABLE contact (
  lane         bigint NOT NULL,
  id           {{blob}} NOT NULL,
  project      {{keytext}} NOT NULL,
  external_id  {{keytext}} NOT NULL,
  body         {{blob}} NOT NULL,
  merged_into  {{blob}} NOT NULL,
  merging      bigint NOT NULL,
  PRIMARY KEY (lane, id)
);

CREATE INDEX contact_by_project ON contact (project, id);

CREATE INDEX contact_by_external_id ON contact (external_id, project);

-- The merges of contacts that have begun and are not finished: few at any time.
CREATE TABLE contact_merge (
  lane         bigint NOT NULL,
  source       {{blob}} NOT NULL,
  destination  {{blob}} NOT NULL,
  project      {{keytext}} NOT NULL,
  body         {{blob}} NOT NULL,
  PRIMARY KEY (lane, source)
);

CREATE TABLE identity (
  lane         bigint NOT NULL,
  project      {{keytext}} NOT NULL,
  channel      {{keytext}} NOT NULL,
  identity     {{keytext}} NOT NULL,
  scope        {{blob}} NOT NULL,
  contacts     {{blob}} NOT NULL,
  metadata     text NOT NULL,
  correlation  text NOT NULL,
  noted        bigint NOT NULL,
  PRIMARY KEY (lane, project, channel, identity, scope)
){{clustered}};

-- What an app knows of the consent of a person. The subject is a keyed hash of
-- both. The identity is empty for whoever was never on a list or was erased.
CREATE TABLE consent (
  lane       bigint NOT NULL,
  subject    {{blob}} NOT NULL,
  app        {{blob}} NOT NULL,
  listed     {{blob}} NOT NULL,
  identity   text NOT NULL,
  lists      bigint NOT NULL,
  last_list  bigint NOT NULL,
  noted      bigint NOT NULL,
  PRIMARY KEY (lane, subject)
){{clustered}};

CREATE INDEX consent_by_app ON consent (app, lists, listed);

CREATE TABLE consent_audit (
  lane     bigint NOT NULL,
  subject  {{blob}} NOT NULL,
  id       {{blob}} NOT NULL,
  app      {{blob}} NOT NULL,
  list     bigint NOT NULL,
  off      bigint NOT NULL,
  mo       bigint NOT NULL,
  at       bigint NOT NULL,
  PRIMARY KEY (lane, subject, id)
){{clustered}};

-- Identities that several contacts of a project claim: few, one hopes.
CREATE TABLE identity_conflict (
  lane      bigint NOT NULL,
  project   {{keytext}} NOT NULL,
  channel   {{keytext}} NOT NULL,
  identity  {{keytext}} NOT NULL,
  scope     {{blob}} NOT NULL,
  id        {{blob}} NOT NULL,
  channels  text NOT NULL,
  contacts  {{blob}} NOT NULL
);

CREATE INDEX identity_conflict_by_project ON identity_conflict (project, id);

-- Not a primary key: of two indexes that are as good for an empty table, PostgreSQL
-- takes the one that was made last, and keeps to it.
CREATE UNIQUE INDEX identity_conflict_by_key ON identity_conflict (lane, project, channel, identity, scope);

CREATE TABLE conversation (
  lane            bigint NOT NULL,
  id              {{blob}} NOT NULL,
  app             {{blob}} NOT NULL,
  contact         {{blob}} NOT NULL,
  project         {{keytext}} NOT NULL,
  active          bigint NOT NULL,
  active_channel  text NOT NULL,
  last_received   bigint NOT NULL,
  metadata        text NOT NULL,
  metadata_json   {{blob}} NOT NULL,
  correlation     text NOT NULL,
  closing         bigint NOT NULL,
  choice          {{blob}} NOT NULL,
  PRIMARY KEY (lane, id)
){{hot}};

CREATE INDEX conversation_by_app ON conversation (app, id);

CREATE INDEX conversation_by_contact ON conversation (contact, id);

CREATE TABLE active_conversation (
  lane          bigint NOT NULL,
  contact       {{blob}} NOT NULL,
  app           {{blob}} NOT NULL,
  conversation  {{blob}} NOT NULL,
  PRIMARY KEY (lane, contact, app)
){{clustered}};

CREATE TABLE message (
  lane          bigint NOT NULL,
  id            {{blob}} NOT NULL,
  app           {{blob}} NOT NULL,
  contact       {{blob}} NOT NULL,
  project       {{keytext}} NOT NULL,
  to_app        bigint NOT NULL,
  dispatch      bigint NOT NULL,
  kind          bigint NOT NULL,
  accepted      bigint NOT NULL,
  conversation  {{blob}} NOT NULL,
  plan          {{blob}} NOT NULL,
  channel       text NOT NULL,
  identity      text NOT NULL,
  status        bigint NOT NULL,
  phase         bigint NOT NULL,
  hop           bigint NOT NULL,
  attempt       bigint NOT NULL,
  retries       bigint NOT NULL,
  resent        bigint NOT NULL,
  failed_at     bigint NOT NULL,
  progress      text NOT NULL,
  due           bigint NOT NULL,
  sender        bigint NOT NULL,
  PRIMARY KEY (lane, id)
){{hot}};

CREATE INDEX message_by_app ON message (app, id);

CREATE INDEX message_by_conversation ON message (conversation, id);

CREATE TABLE content (
  lane       bigint NOT NULL,
  id         {{blob}} NOT NULL,
  body       {{blob}} NOT NULL,
  metadata   text NOT NULL,
  sender_id  text NOT NULL,
  resolved   {{blob}} NOT NULL,
  PRIMARY KEY (lane, id)
);

CREATE TABLE due (
  lane     bigint NOT NULL,
  at       bigint NOT NULL,
  message  {{blob}} NOT NULL,
  PRIMARY KEY (lane, at, message)
){{clustered}};

CREATE TABLE ref (
  lane     bigint NOT NULL,
  channel  {{keytext}} NOT NULL,
  app      {{blob}} NOT NULL,
  ref      {{keytext}} NOT NULL,
  message  {{blob}} NOT NULL,
  hop      bigint NOT NULL,
  part     bigint NOT NULL,
  PRIMARY KEY (lane, channel, app, ref)
){{clustered}};

CREATE TABLE held_report (
  lane     bigint NOT NULL,
  channel  {{keytext}} NOT NULL,
  app      {{blob}} NOT NULL,
  ref      {{keytext}} NOT NULL,
  at       bigint NOT NULL,
  reports  {{blob}} NOT NULL,
  PRIMARY KEY (lane, channel, app, ref)
){{clustered}};

CREATE INDEX held_report_by_at ON held_report (at);

CREATE TABLE seen (
  lane     bigint NOT NULL,
  channel  {{keytext}} NOT NULL,
  app      {{blob}} NOT NULL,
  ref      {{keytext}} NOT NULL,
  at       bigint NOT NULL,
  PRIMARY KEY (lane, channel, app, ref)
){{clustered}};

CREATE TABLE idempotency (
  lane     bigint NOT NULL,
  project  {{keytext}} NOT NULL,
  key      {{keytext}} NOT NULL,
  hash     {{blob}} NOT NULL,
  message  {{blob}} NOT NULL,
  at       bigint NOT NULL,
  PRIMARY KEY (lane, project, key)
){{clustered}};

CREATE TABLE callback (
  lane          bigint NOT NULL,
  app           {{blob}} NOT NULL,
  position      bigint NOT NULL,
  message       {{blob}} NOT NULL,
  trigger_type  bigint NOT NULL,
  target        text NOT NULL,
  at            bigint NOT NULL,
  trace         text NOT NULL,
  body          {{blob}} NOT NULL,
  PRIMARY KEY (lane, app, position)
);

CREATE TABLE delivery_cursor (
  lane      bigint NOT NULL,
  webhook   {{blob}} NOT NULL,
  position  bigint NOT NULL,
  PRIMARY KEY (lane, webhook)
){{clustered}}{{counter}};

CREATE TABLE delivery (
  lane      bigint NOT NULL,
  webhook   {{blob}} NOT NULL,
  position  bigint NOT NULL,
  app       {{blob}} NOT NULL,
  attempts  bigint NOT NULL,
  first_at  bigint NOT NULL,
  next_at   bigint NOT NULL,
  status    bigint NOT NULL,
  error     text NOT NULL,
  PRIMARY KEY (lane, webhook, position)
){{clustered}};

CREATE TABLE dropped_callback (
  lane      bigint NOT NULL,
  webhook   {{blob}} NOT NULL,
  position  bigint NOT NULL,
  app       {{blob}} NOT NULL,
  at        bigint NOT NULL,
  attempts  bigint NOT NULL,
  status    bigint NOT NULL,
  reason    text NOT NULL,
  error     text NOT NULL,
  PRIMARY KEY (lane, webhook, position)
){{clustered}};

-- Contacts that were deleted and whose callbacks are still to be taken out of
-- the log.
CREATE TABLE erasure (
  lane     bigint NOT NULL,
  contact  {{blob}} NOT NULL,
  project  {{keytext}} NOT NULL,
  at       bigint NOT NULL,
  PRIMARY KEY (lane, contact)
){{clustered}};

CREATE TABLE batch (
  lane        bigint NOT NULL,
  id          {{blob}} NOT NULL,
  project     {{keytext}} NOT NULL,
  app         {{blob}} NOT NULL,
  kind        bigint NOT NULL,
  created     bigint NOT NULL,
  send_after  bigint NOT NULL,
  total       bigint NOT NULL,
  metadata    {{blob}} NOT NULL,
  status      bigint NOT NULL,
  due         bigint NOT NULL,
  done        bigint NOT NULL,
  refused     bigint NOT NULL,
  ended       bigint NOT NULL,
  PRIMARY KEY (lane, id)
){{hot}};

CREATE INDEX batch_by_due ON batch (due, id);

CREATE INDEX batch_by_project ON batch (project, kind, id);

CREATE TABLE batch_request (
  lane  bigint NOT NULL,
  id    {{blob}} NOT NULL,
  body  {{blob}} NOT NULL,
  PRIMARY KEY (lane, id)
);

CREATE TABLE batch_item (
  lane     bigint NOT NULL,
  batch    {{blob}} NOT NULL,
  number   bigint NOT NULL,
  body     {{blob}} NOT NULL,
  result   {{blob}} NOT NULL,
  refusal  {{blob}} NOT NULL,
  PRIMARY KEY (lane, batch, number)
);

CREATE TABLE batch_label (
  lane     bigint NOT NULL,
  project  {{keytext}} NOT NULL,
  name     {{keytext}} NOT NULL,
  value    {{keytext}} NOT NULL,
  batch    {{blob}} NOT NULL,
  PRIMARY KEY (lane, project, name, value, batch)
){{clustered}};
