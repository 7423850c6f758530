// Package observe is how a running gateway is watched: logs, metrics, health
// and the admin listener's pages. Everything is made by a constructor and
// passed on; nothing registers itself anywhere.
//
// It must not know what it watches: owners count, name and register.
//
// # Metrics
//
// All names begin with switchyard_ and carry their unit. No label takes values
// that customers choose.
//
//	switchyard_messages_accepted_total                     messages taken from the API
//	switchyard_attempts_total{channel,verdict}             finished tries on a channel
//	switchyard_reports_total{channel,status}               providers' delivery reports
//	switchyard_inbound_total{channel}                      contacts' messages and events
//	switchyard_duplicate_deliveries_total                  messages that reach a person over two channels
//	switchyard_callbacks_total{outcome}                    posts to webhooks: delivered, retry, drop
//	switchyard_callback_duration_seconds                   one post
//	switchyard_breakers_open                               webhooks whose breaker is not closed
//	switchyard_commit_batch_operations                     operations in one transaction
//	switchyard_commit_duration_seconds                     one transaction, fsync included
//	switchyard_accept_to_submit_seconds                    from the API's 2xx to the provider's
//	switchyard_event_to_webhook_seconds                    from the event's commit to the endpoint's 2xx
//	switchyard_lanes_owned                                 lanes whose work this node does
//	switchyard_nodes_live                                  nodes that work on the store
//	switchyard_lease_changes_total{change}                 lanes gained and lost
//	switchyard_handoffs_total{kind}                        what other nodes have left for this one
//	switchyard_store_fault                                 1 while the store takes no writes (GaugeStore)
//	switchyard_store_free_bytes                            free space on the disk of a SQLite store
//	switchyard_queue_depth{queue}                          waiting entries, by owner (GaugeQueue)
//	go_*, process_*                                        the runtime's own
package observe
