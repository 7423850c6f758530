package convapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wholeTypes are the types that stand for a body, or for what a body is made of.
func wholeTypes() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[AppMessage](), reflect.TypeFor[ContactMessage](), reflect.TypeFor[SendMessageRequest](), reflect.TypeFor[ConversationMessage](),
		reflect.TypeFor[TranscodeMessageRequest](), reflect.TypeFor[TranscodeMessageResponse](), reflect.TypeFor[FetchLastMessageRequest](),
		reflect.TypeFor[UpdateMessageRequest](), reflect.TypeFor[ListMessagesResponse](),
		reflect.TypeFor[AppEvent](), reflect.TypeFor[ContactEvent](), reflect.TypeFor[ContactMessageEvent](), reflect.TypeFor[SendEventRequest](),
		reflect.TypeFor[Event](), reflect.TypeFor[ListEventsResponse](),
		reflect.TypeFor[App](), reflect.TypeFor[ListAppsResponse](), reflect.TypeFor[Webhook](), reflect.TypeFor[ListWebhooksResponse](),
		reflect.TypeFor[Contact](), reflect.TypeFor[ListContactsResponse](), reflect.TypeFor[MergeContactRequest](), reflect.TypeFor[ChannelProfileRequest](),
		reflect.TypeFor[ListIdentityConflictsResponse](), reflect.TypeFor[Conversation](), reflect.TypeFor[ListConversationsResponse](),
		reflect.TypeFor[ListRecentConversationsResponse](), reflect.TypeFor[InjectMessageRequest](), reflect.TypeFor[InjectEventRequest](),
		reflect.TypeFor[CapabilityRequest](), reflect.TypeFor[ListConsentsResponse](), reflect.TypeFor[ConsentAuditResponse](),
		reflect.TypeFor[ProjectSettingsResponse](), reflect.TypeFor[Template](), reflect.TypeFor[ListTemplatesResponse](),
		reflect.TypeFor[ListTranslationsResponse](), reflect.TypeFor[ListTemplatesV1Response](),
		reflect.TypeFor[MessageSubmitNotification](), reflect.TypeFor[MessageDeliveryReport](), reflect.TypeFor[EventDeliveryReport](),
		reflect.TypeFor[ContactMergeNotification](), reflect.TypeFor[DuplicatedContactIdentitiesNotification](), reflect.TypeFor[CapabilityNotification](),
		reflect.TypeFor[OptNotification](), reflect.TypeFor[ChannelEventNotification](), reflect.TypeFor[UnsupportedCallback](),
		reflect.TypeFor[SmartConversationNotification](), reflect.TypeFor[RecordNotification](), reflect.TypeFor[RedactedMessage](),
	}
}

// Every type with something in every member, and in every member of those, is the
// same after it was written and read, to the byte. What a channel or a caller
// made up is passed on with all its members.
func TestEverythingSurvives(t *testing.T) {
	for _, of := range wholeTypes() {
		t.Run(of.Name(), func(t *testing.T) {
			f := new(filler)
			whole := f.value(t, of)
			written, err := Marshal(whole.Interface())
			if err != nil {
				t.Fatal(err)
			}
			read := reflect.New(of)
			if err := Decode(written, read.Interface()); err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			if diff := cmp.Diff(whole.Interface(), read.Elem().Interface()); diff != "" {
				t.Errorf("read as something else (-written +read):\n%s", diff)
			}
			again, err := Marshal(read.Elem().Interface())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(written), string(again)); diff != "" {
				t.Errorf("written in another way:\n%s", diff)
			}
			for i := range f.made {
				if mark := fmt.Sprintf("MARK_%d_", i+1); !strings.Contains(string(written), mark) {
					t.Errorf("%s is lost in %s", mark, written)
				}
			}
		})
	}
}

// filler makes values that have something in every member. Each text has a mark of
// its own, and each number and object is told by one.
type filler struct{ made int }

func (f *filler) mark() string {
	f.made++
	return fmt.Sprintf("MARK_%d_", f.made)
}

func (f *filler) value(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(of).Elem()
	switch of {
	case reflect.TypeFor[Time]():
		return reflect.ValueOf(At(time.Date(2026, 5, 4, 3, 2, 1, 123_456_000, time.UTC)))
	case reflect.TypeFor[TTL]():
		return reflect.ValueOf(MaxTTL)
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[SecretObject]():
		v.SetBytes([]byte(`{"` + f.mark() + `":{"list":[1.5,null,true,{}],"text":"<å>"}}`))
		return v
	}
	switch of.Kind() {
	case reflect.String:
		v.SetString(f.mark())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32:
		v.SetInt(int64(7))
	case reflect.Float64:
		v.SetFloat(-4.3727684)
	case reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
		v.Elem().Set(f.value(t, of.Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(of, 0, 2))
		for range 2 {
			v.Set(reflect.Append(v, f.value(t, of.Elem())))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(of))
		for range 2 {
			v.SetMapIndex(f.value(t, of.Key()), f.value(t, of.Elem()))
		}
	case reflect.Struct:
		for i := range of.NumField() {
			v.Field(i).Set(f.value(t, of.Field(i).Type))
		}
	default:
		t.Fatalf("a %s cannot be filled: teach it here", of)
	}
	return v
}
