package convapi

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	testTime     = At(time.Date(2026, 5, 4, 8, 30, 0, 250_000_000, time.UTC))
	testSMS      = ChannelIdentity{Channel: ChannelSMS, Identity: "4790000001"}
	testWhatsApp = ChannelIdentity{Channel: ChannelWhatsApp, Identity: "4790000001"}
	testFull     = Contact{
		ID: "ctc-1", ChannelPriority: []Channel{ChannelMessenger, ChannelSMS},
		ChannelIdentities: []ChannelIdentity{testSMS, {Channel: ChannelMessenger, Identity: "7788", AppID: "app-7"}},
		DisplayName:       "Kari", Email: "kari@example.org", ExternalID: "crm-9", Metadata: "vip", Language: "NB",
	}
	testBare    = Contact{ID: "ctc-2", DisplayName: DefaultDisplayName}
	testStopped = Conversation{
		ID: "cnv-1", AppID: "app-7", ContactID: "ctc-1", ActiveChannel: ChannelRCS,
		LastReceived: At(time.Date(2026, 5, 4, 10, 29, 0, 0, time.FixedZone("", 7200))),
	}
)

// sampleCallbacks has one callback for each trigger; testdata/callbacks holds
// what each must be on the wire.
func sampleCallbacks() map[Trigger]Callback {
	samples := sampleMessageCallbacks()
	started, stopped := testStopped, testStopped
	started.Active, started.LastReceived = true, Time{}
	stopped.MetadataJSON, stopped.CorrelationID = json.RawMessage(`{"k": [1.50], "2": "b"}`), "trip-5"
	for trigger, callback := range map[Trigger]Callback{
		TriggerConversationStart:  {ConversationStartNotification: &ConversationNotification{started}},
		TriggerConversationStop:   {ConversationStopNotification: &ConversationNotification{stopped}},
		TriggerConversationDelete: {ConversationDeleteNotification: &ConversationNotification{testStopped}},
		TriggerContactCreate:      {ContactCreateNotification: &ContactNotification{testBare}},
		TriggerContactUpdate:      {ContactUpdateNotification: &ContactNotification{testFull}},
		TriggerContactDelete:      {ContactDeleteNotification: &ContactNotification{testFull}},
		TriggerContactMerge:       {ContactMergeNotification: &ContactMergeNotification{testFull, testBare}},
		TriggerContactIdentitiesDuplication: {DuplicatedContactIdentitiesNotification: &DuplicatedContactIdentitiesNotification{
			[]DuplicatedIdentity{{ChannelRCS, []string{"ctc-1", "ctc-2"}}}}},
		TriggerCapability: {CapabilityNotification: &CapabilityNotification{
			RequestID: "req-1", ContactID: "ctc-1", Channel: ChannelRCS, Identity: "4790000001",
			CapabilityStatus: CapabilityPartial, ChannelCapabilities: []string{"RICHCARD_STANDALONE", "ACTION_DIAL"}}},
		TriggerOptIn: {OptInNotification: &OptNotification{
			RequestID: "req-2", ContactID: "ctc-1", Channel: ChannelViber, Identity: "u==", Status: OptInFailed,
			ErrorDetails: &OptErrorDetails{"blocked"}, ProcessingMode: ModeConversation}},
		TriggerOptOut: {OptOutNotification: &OptNotification{
			ContactID: "ctc-1", Channel: ChannelTelegram, Identity: "55", Status: OptOutSucceeded, ProcessingMode: ModeDispatch}},
		TriggerChannelEvent: {ChannelEventNotification: &ChannelEventNotification{ChannelEvent{
			ChannelWhatsApp, "WHATS_APP_QUALITY_RATING_CHANGED", json.RawMessage(`{"quality_rating":"YELLOW"}`)}}},
		TriggerUnsupported: {UnsupportedCallback: &UnsupportedCallback{
			Channel: ChannelMessenger, Payload: `{"standby":[]}`, ProcessingMode: ModeConversation,
			ChannelIdentity: ChannelIdentity{ChannelMessenger, "7788", "app-7"}}},
		TriggerSmartConversation: {SmartConversationNotification: &SmartConversationNotification{
			ContactID: "ctc-1", ChannelIdentity: "4790000001", Channel: ChannelSMS, MessageID: "msg-1", ConversationID: "cnv-1",
			AnalysisResults: json.RawMessage(`{"ml_pii_result":[{"message":"call 5","masked":"call {PHONE}"}]}`)}},
		TriggerRecordNotification: {RecordNotification: &RecordNotification{
			EntityID: "evt-1", RecordStatus: RecordEventStored, ChannelIdentity: testWhatsApp, ContactID: "ctc-1",
			ConversationID: "cnv-1", ProcessingMode: ModeConversation}},
		TriggerBatchStatusUpdate: {BatchStatusUpdate: &BatchStatusUpdate{
			BatchID: "bat-1", Status: BatchProcessed, MetaData: json.RawMessage(`{"campaign": "spring"}`), SendAfter: testTime, Total: 3, Accepted: 2, Refused: 1}},
	} {
		samples[trigger] = callback
	}
	for trigger, callback := range samples {
		callback.AppID, callback.ProjectID, callback.AcceptedTime = "app-7", "prj-3", testTime
		samples[trigger] = callback
	}
	return samples
}

func sampleMessageCallbacks() map[Trigger]Callback {
	half := testTime.Truncate(time.Second)
	return map[Trigger]Callback{
		TriggerMessageInbound: {
			EventTime: At(half.Add(-time.Second)), MessageMetadata: `{"basket":12}`, CorrelationID: "trip-5",
			Message: &ConversationMessage{
				ID: "msg-1", Direction: ToApp, ChannelIdentity: testSMS, ConversationID: "cnv-1", ContactID: "ctc-1",
				ContactMessage: &ContactMessage{
					ChoiceResponseMessage: &ChoiceResponseMessage{"msg-0", `pick=<2>&"x"`}, ReplyTo: &ReplyTo{"msg-0"}},
				AcceptTime: At(half.Add(1999 * time.Nanosecond)), SenderID: "2099", ProcessingMode: ModeConversation}},
		TriggerMessageInboundSmartConversationRedaction: {MessageRedaction: &RedactedMessage{
			ID: "msg-1", Direction: ToApp, ContactMessage: &ContactMessage{TextMessage: &TextMessage{"call me at {PHONE}"}},
			ChannelIdentity: testSMS, ConversationID: "cnv-1", ContactID: "ctc-1", AcceptTime: At(half)}},
		TriggerMessageSubmit: {MessageSubmitNotification: &MessageSubmitNotification{
			MessageID: "msg-2", ChannelIdentity: testWhatsApp, Metadata: "tag", ProcessingMode: ModeDispatch,
			SubmittedMessage: &AppMessage{LocationMessage: &LocationMessage{
				Coordinates: &Coordinates{59.91, 10.75}, Title: "Oslo"}}}},
		TriggerMessageDelivery: {
			EventTime: At(half.Add(9500 * time.Millisecond)), CorrelationID: "trip-5",
			MessageDeliveryReport: &MessageDeliveryReport{
				MessageID: "msg-2", ConversationID: "cnv-1", Status: StatusFailed, ChannelIdentity: testWhatsApp, ContactID: "ctc-1",
				Reason: &Reason{ReasonOutsideAllowedSendingWindow, "The underlying channel reported: re-engagement needed",
					SubCodeUnspecified, "131047"},
				Metadata: "tag", ProcessingMode: ModeConversation}},
		TriggerEventInbound: {Event: &Event{
			ID: "evt-1", Direction: ToApp, ChannelIdentity: testWhatsApp, ContactID: "ctc-1", ConversationID: "cnv-1",
			ContactMessageEvent: &ContactMessageEvent{ReactionEvent: &ReactionEvent{Emoji: "👍", Action: ReactionReact, MessageID: "msg-2"}},
			AcceptTime:          At(half), ProcessingMode: ModeConversation}},
		TriggerEventDelivery: {EventDeliveryReport: &EventDeliveryReport{
			EventID: "evt-2", Status: StatusQueuedOnChannel, ChannelIdentity: testWhatsApp, ContactID: "ctc-1",
			Metadata: "typing", ProcessingMode: ModeConversation}},
	}
}

// contractTriggers are the triggers that have a callback in the contract: all but
// the Batch API's.
func contractTriggers() []Trigger { return Triggers()[:21] }

func golden(t *testing.T, trigger Trigger) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "callbacks", string(trigger)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCallbackEqualsItsGoldenBytes(t *testing.T) {
	samples := sampleCallbacks()
	for _, trigger := range Triggers() {
		t.Run(string(trigger), func(t *testing.T) {
			callback := samples[trigger]
			got, err := callback.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(golden(t, trigger)), string(got)); diff != "" {
				t.Error(diff)
			}
			if callback.Trigger() != trigger {
				t.Errorf("Trigger() = %q", callback.Trigger())
			}
		})
	}
}

func TestCallbackSurvivesDecodeAndEncode(t *testing.T) {
	for _, trigger := range contractTriggers() {
		data := golden(t, trigger)
		var callback Callback
		if err := Decode(data, &callback); err != nil {
			t.Fatal(trigger, err)
		}
		got, err := callback.Encode()
		if err != nil {
			t.Fatal(trigger, err)
		}
		if diff := cmp.Diff(string(data), string(got)); diff != "" {
			t.Errorf("%s: %s", trigger, diff)
		}
	}
}

func TestCallbackNeedsExactlyOneEvent(t *testing.T) {
	none := Callback{AppID: "app-7"}
	two := Callback{Message: &ConversationMessage{}, Event: &Event{}}
	for _, callback := range []Callback{none, two} {
		if data, err := callback.Encode(); !errors.Is(err, errEventMembers) {
			t.Errorf("Encode() = %s, %v", data, err)
		}
	}
	if none.Trigger() != "" {
		t.Errorf("Trigger() of an empty callback = %q", none.Trigger())
	}
}

func TestNodeSDKParsesEveryCallback(t *testing.T) {
	sdk := filepath.Join("..", "test", "peers", "node_modules", "@sinch", "sdk-core")
	absolute, err := filepath.Abs(sdk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(absolute); err != nil {
		t.Skip("the Node SDK is not installed in test/peers (npm ci --ignore-scripts there)")
	}
	arguments := []string{filepath.Join("testdata", "triggers.cjs"), absolute}
	var want []string
	for _, trigger := range contractTriggers() {
		file := filepath.Join("testdata", "callbacks", string(trigger)+".json")
		arguments = append(arguments, file)
		want = append(want, file+" "+sdkTrigger(trigger))
	}
	out, err := nodeCommand(t, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
		t.Error(diff)
	}
}

// sdkTrigger is the name that the Node SDK gives a trigger: its own in one case.
func sdkTrigger(trigger Trigger) string {
	if trigger == TriggerSmartConversation {
		return "SMART_CONVERSATIONS"
	}
	return string(trigger)
}

// TestCallbackEqualsContractSamples holds the code against the samples of the
// contract notes, which are not part of this repository.
func TestCallbackEqualsContractSamples(t *testing.T) {
	notes, err := os.ReadFile(filepath.Join(sharedFolder(t), "contract", "callbacks.md"))
	if err != nil {
		t.Skip("the contract notes are not there: ", err)
	}
	seen := 0
	for line := range strings.Lines(string(notes)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, `{"app_id":"A1"`) {
			continue
		}
		seen++
		var callback Callback
		if err := Decode([]byte(line), &callback); err != nil {
			t.Fatal(err)
		}
		got, err := callback.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if callback.Trigger() == TriggerContactIdentitiesDuplication { // the sample is without the copy for the Node SDK
			got = []byte(strings.Replace(string(got), `,"duplicated_identities":[{"channel":"SMS","contact_ids":["C1","C2"]}],"message`, `,"message`, 1))
		}
		if diff := cmp.Diff(line, string(got)); diff != "" {
			t.Errorf("%s: %s", callback.Trigger(), diff)
		}
	}
	if seen != 18 {
		t.Errorf("found %d samples, want 18", seen)
	}
}

// sharedFolder finds the folder of test data that lies beside the repository.
func sharedFolder(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("SWITCHYARD_SHARED"); folder != "" {
		return folder
	}
	return filepath.Join("..", "..", "shared")
}
