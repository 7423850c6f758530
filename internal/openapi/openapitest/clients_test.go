package openapitest

import "testing"

func TestClientsStumble(t *testing.T) {
	for text, stumbles := range map[string]bool{
		`{"id":"a","metadata":"","version":1,"ttl_days":180,"enabled":false,"last_received":"1970-01-01T00:00:00Z","client_credentials":null}`: false,
		`{"messages":[],"next_page_token":""}`:                      false,
		`{"metadata_json":{"Any Name":null,"ttl_days":"1","id":7}}`: false,
		`{"transcoded_message":{"SMS":"{}"}}`:                       false,
		`{"app_message":{"choice_message":{"text_message":{"text":"a"},"choices":[{"url_message":{"title":"t","url":"u"}}]}}}`: false,

		`{"appId":"a"}`:                                       true,
		`{"id":7}`:                                            true,
		`{"message_id":null}`:                                 true,
		`{"metadata":{}}`:                                     true,
		`{"ttl_days":"180"}`:                                  true,
		`{"total_size":1.0}`:                                  true,
		`{"enabled":"false"}`:                                 true,
		`{"accept_time":"2026-01-02"}`:                        true,
		`{"accept_time":"2026-01-02T03:04:05+01:00"}`:         true,
		`{"accept_time":1767323045}`:                          true,
		`{"next_page_token":0}`:                               true,
		`{"message":{"app_message":{},"contact_message":{}}}`: true,
		`{"text_message":{"text":"a"},"media_message":{"url":"u"}}`:                   true,
		`{"contact_event":{},"contact_message_event":null}`:                           true,
		`{"static_bearer":{},"static_token":{}}`:                                      true,
		`{"channel_identity":{"identity":"1"}}`:                                       true,
		`{"channel_identities":[{"channel":"SMS","identity":"1"},{"channel":"SMS"}]}`: true,
		`{"webhooks":[{"id":"w"}]}`:                                                   true,
		`{"events":[{"id":"e","processing_mode":"DISPATCH"}]}`:                        true,
		`{"audit_records":[{"operation":"OPERATION_INSERT"}]}`:                        true,
		`{"reply_to":{}}`: true,
		`{"choice_response_message":{"message_id":"m"}}`: true,
		`{"state":{}}`: true,
		`{"message_delivery_report":{},"event_delivery_report":{}}`: true,
	} {
		if err := Clients([]byte(text)); (err != nil) != stumbles {
			t.Errorf("%s: %v", text, err)
		}
	}
}
