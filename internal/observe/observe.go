// Package observe is how a running gateway is watched: logs, metrics, traces,
// health and the admin listener's pages. Everything is made by a constructor
// and passed on; nothing registers itself anywhere.
//
// It must not know what it watches: owners count, name and register.
//
// # Metrics
//
// All names begin with switchyard_ and carry their unit. No label takes values
// that customers choose: channels, states, reasons and routes are lists in the
// program.
//
//	switchyard_messages_accepted_total                     messages taken from the API
//	switchyard_attempts_total{channel,verdict}             finished tries on a channel
//	switchyard_attempt_duration_seconds{channel}           one of them
//	switchyard_messages_in_doubt_total{channel}            attempts that ended without an answer, also by the end of a process
//	switchyard_reports_total{channel,status}               providers' delivery reports
//	switchyard_inbound_total{channel}                      contacts' messages and events
//	switchyard_duplicate_deliveries_total                  messages that reach a person over two channels
//	switchyard_accept_to_submit_seconds                    from the API's 2xx to the provider's
//	switchyard_event_to_webhook_seconds                    from the event's commit to the endpoint's 2xx
//	switchyard_http_requests_total{method,route,status}    answers of the API and to providers' callbacks
//	switchyard_http_request_duration_seconds{method,route} one of them
//	switchyard_api_refusals_total{status}                  error answers of the API, by their name
//	switchyard_callbacks_total{outcome,status}             posts to webhooks: delivered, retry, drop; 2xx, 4xx …, none
//	switchyard_callback_duration_seconds                   one post
//	switchyard_callbacks_dropped_total{reason}             callbacks given up: refused, expired, dismissed
//	switchyard_callback_oldest_age_seconds                 age of the oldest callback that is not delivered
//	switchyard_webhooks_behind                             webhooks with more callbacks than are held in memory
//	switchyard_breakers_open                               webhooks whose breaker is not closed
//	switchyard_breaker_transitions_total{to}               OPEN, HALF_OPEN (a probe), CLOSED
//	switchyard_outbound_depth{channel}                     messages that wait for an attempt
//	switchyard_outbound_oldest_age_seconds{channel}        how long the oldest of them waits in the queue
//	switchyard_accounts{channel,state}                     credentials: active, pending, paused, failing
//	switchyard_lanes_owned                                 lanes whose work this node does
//	switchyard_nodes_live                                  nodes that work on the store
//	switchyard_lease_changes_total{change}                 lanes gained and lost
//	switchyard_handoffs_total{kind}                        what other nodes have left for this one
//	switchyard_retention_deleted_total{what}               rows deleted for their age
//	switchyard_retention_last_sweep_timestamp_seconds      when all lanes were last looked through
//	switchyard_store_fault                                 1 while the store takes no writes (GaugeStore)
//	switchyard_store_free_bytes                            free space on the disk of a SQLite store
//	switchyard_queue_depth{queue}                          waiting entries, by owner (GaugeQueue)
//	switchyard_queue_oldest_age_seconds{queue}             age of the oldest one (GaugeOldest)
//	switchyard_deadline_lateness_seconds                   from a message's deadline to its being acted on
//	switchyard_commit_batch_operations                     operations in one transaction
//	switchyard_commit_duration_seconds                     one transaction, fsync included
//	switchyard_commit_failures_total                       transactions that failed
//	switchyard_store_disk_size_bytes                       all of it
//	switchyard_build_info{goversion,version}               always 1
//	go_*, process_*                                        the runtime's own
//
// # Traces
//
// Tracing follows a message by OpenTelemetry, where the environment names a
// collector.
package observe
