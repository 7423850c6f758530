package openapitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Clients says what about an answer or a callback the strictest of the vendor's
// clients would stumble over: Python's, whose strings and integers take nothing
// else, and Java's, which wants certain members and takes an object for the one
// kind of several by the members that it has. It knows nothing of the description,
// so that a mistake there is found here.
func Clients(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		return err
	}
	c := new(clients)
	c.walk(root, "")
	return errors.Join(c.problems...)
}

type clients struct{ problems []error }

func (c *clients) complain(path, format string, arguments ...any) {
	c.problems = append(c.problems, fmt.Errorf("%s %s", strings.TrimPrefix(path, "."), fmt.Sprintf(format, arguments...)))
}

// walk visits every object but those that callers made up.
func (c *clients) walk(v any, path string) {
	switch v := v.(type) {
	case map[string]any:
		c.object(v, path)
		for name, value := range v {
			if !slices.Contains(free(), name) {
				c.walk(value, path+"."+name)
			}
		}
	case []any:
		for i, value := range v {
			c.walk(value, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// free are the members whose contents are the caller's or a channel's.
func free() []string {
	return []string{
		"metadata_json", "conversation_metadata", "payload", "additional_data", "analysis_results", "routing_configuration",
		"channel_properties", "parameters", "parameter_mappings", "http_sms_credentials", "email_credentials", "details",
		"channel_specific_message", "explicit_channel_message", "transcoded_message", "batch_metadata",
	}
}

var (
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	channel   = regexp.MustCompile(`^[A-Z]+$`)
	instant   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`)
	whole     = regexp.MustCompile(`^-?\d+$`)
)

func (c *clients) object(v map[string]any, path string) {
	for name, value := range v {
		if !snakeCase.MatchString(name) && !channel.MatchString(name) {
			c.complain(path, "has %q, which is not in snake case", name)
		}
		if value == nil && name != "client_credentials" {
			c.complain(path, "has a null, %s", name)
		}
		c.member(name, value, path+"."+name)
	}
	for _, kinds := range oneOfs() {
		if present := intersection(kinds, v); len(present) > 1 {
			c.complain(path, "is of several kinds: %s", strings.Join(present, ", "))
		}
	}
	for name, required := range requirements() {
		c.require(v[name], required, path+"."+name)
	}
}

// member checks the JSON type of a member by its name.
func (c *clients) member(name string, value any, path string) {
	switch text, isText := value.(string); {
	case isTime(name):
		if !isText || !instant.MatchString(text) {
			c.complain(path, "is no time: %v", value)
		}
	case isString(name):
		if !isText {
			c.complain(path, "is no string: %v", value)
		}
	case slices.Contains(integers(), name):
		if number, isNumber := value.(json.Number); !isNumber || !whole.MatchString(number.String()) {
			c.complain(path, "is no integer: %v", value)
		}
	case slices.Contains(booleans(), name):
		if _, isBoolean := value.(bool); !isBoolean {
			c.complain(path, "is not true or false: %v", value)
		}
	}
}

func isTime(name string) bool {
	return strings.HasSuffix(name, "_time") && name != "delivery_report_waiting_time" || name == "last_received" || name == "datetime"
}

func isString(name string) bool {
	return name == "id" || strings.HasSuffix(name, "_id") || slices.Contains([]string{
		"metadata", "message_metadata", "language", "language_code", "default_translation", "display_name", "email", "next_page_token",
		"channel", "active_channel", "direction", "processing_mode", "status", "target", "target_type", "secret", "text", "url", "title",
		"description", "sub_code", "channel_code", "caption", "postback_data", "operation", "origin", "list_type", "token",
		"access_token", "token_type", "scope", "callback_secret", "retention_type", "capability_status", "record_status", "emoji", "action",
	}, name)
}

// integers are what Python reads as integers alone.
func integers() []string {
	return []string{
		"ttl_days", "retry_duration", "delivery_report_waiting_time", "inbound", "outbound", "outbound_size", "outbound_limit",
		"total_size", "credential_ordinal_number", "expires_in", "quantity",
	}
}

func booleans() []string {
	return []string{"enabled", "active", "injected", "is_default", "existing_thread", "unified_contact_id_enabled"}
}

// oneOfs are the members of which an object has one at most, by whose presence
// Java tells the kinds of objects apart.
func oneOfs() [][]string {
	return [][]string{
		{"app_message", "contact_message"},
		{"app_event", "contact_event", "contact_message_event"},
		{
			"text_message", "media_message", "card_message", "carousel_message", "choice_message", "list_message", "location_message",
			"contact_info_message", "template_message", "media_card_message", "choice_response_message", "fallback_message",
			"product_response_message", "url_message", "call_message", "calendar_message", "share_location_message",
		},
		{
			"composing_event", "composing_end_event", "read_message_event", "comment_reply_event", "agent_joined_event",
			"agent_left_event", "generic_event", "conversation_deleted_event", "comment_event",
		},
		{"payment_status_update_event", "shortlink_activated_event", "reaction_event"},
		{
			"static_bearer", "static_token", "mms_credentials", "kakaotalk_credentials", "kakaotalkchat_credentials",
			"telegram_credentials", "line_credentials", "line_enterprise_credentials", "wechat_credentials",
			"instagram_credentials", "applebc_credentials",
		},
		{
			"message", "message_redaction", "message_submit_notification", "message_delivery_report", "event", "event_delivery_report",
			"conversation_start_notification", "conversation_stop_notification", "conversation_delete_notification",
			"contact_create_notification", "contact_delete_notification", "contact_update_notification", "contact_merge_notification",
			"duplicated_contact_identities_notification", "capability_notification", "opt_in_notification", "opt_out_notification",
			"channel_event_notification", "unsupported_callback", "smart_conversation_notification", "record_notification",
		},
	}
}

// requirements are the members that Java does not do without, by the member that
// the object, or each of a list of them, stands in.
func requirements() map[string][]string {
	identity := []string{"channel", "identity"}
	conversation := []string{"id", "app_id", "contact_id", "active", "last_received"}
	return map[string][]string{
		"channel_identity":        identity,
		"channel_identities":      identity,
		"channel_credentials":     {"channel"},
		"webhooks":                {"target"},
		"apps":                    {"id", "display_name", "channel_credentials"},
		"events":                  {"id", "channel_identity", "processing_mode"},
		"event":                   {"id", "channel_identity", "processing_mode"},
		"messages":                {"id", "channel_identity", "direction", "accept_time"},
		"audit_records":           {"operation", "origin", "list_type", "project_id", "app_id", "datetime"},
		"identities":              {"identity"},
		"state":                   {"status"},
		"reply_to":                {"message_id"},
		"choice_response_message": {"message_id", "postback_data"},
		"message_delivery_report": {"message_id", "status", "channel_identity"},
		"conversation":            conversation,
	}
}

func (c *clients) require(v any, required []string, path string) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range required {
			if _, present := v[name]; !present {
				c.complain(path, "lacks %s", name)
			}
		}
	case []any:
		for i, item := range v {
			c.require(item, required, fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func intersection(names []string, v map[string]any) (present []string) {
	for _, name := range names {
		if _, found := v[name]; found {
			present = append(present, name)
		}
	}
	return present
}
