package convapi

import (
	"testing"
	"time"
)

// BenchmarkEncodeDeliveryReport is the callback that there are most of.
func BenchmarkEncodeDeliveryReport(b *testing.B) {
	at := At(time.UnixMicro(1_767_323_045_123_456))
	c := Callback{
		AppID: "01W4FFL35P4NC4K35CR3P35M1N", ProjectID: "3f2b8a8e-0000-4000-8000-000000000001", AcceptedTime: at, EventTime: at,
		MessageDeliveryReport: &MessageDeliveryReport{
			MessageID: "01EQBC1A3BEK731GY4YXEN0C2R", ConversationID: "01EPYATA64TMNZ1FV02JKF12JF", Status: StatusQueuedOnChannel,
			ChannelIdentity: ChannelIdentity{Channel: ChannelSMS, Identity: "46700000001"},
			ContactID:       "01EXA07N79THJ20WSN6AS30TMW", Metadata: `{"order":4711}`, ProcessingMode: ModeConversation,
		},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeSend is reading and checking a small send request.
func BenchmarkDecodeSend(b *testing.B) {
	body := []byte(`{"app_id":"01W4FFL35P4NC4K35CR3P35M1N","recipient":{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"46700000001"}]}},` +
		`"message":{"text_message":{"text":"Your order 4711 has left our house and will be with you tomorrow."}},"message_metadata":"4711"}`)
	b.ReportAllocs()
	for b.Loop() {
		var r SendMessageRequest
		if err := Decode(body, &r); err != nil {
			b.Fatal(err)
		}
		if err := r.Validate(); err != nil {
			b.Fatal(err)
		}
	}
}
