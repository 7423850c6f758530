package convapi

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// canonicalForms pairs texts with what JavaScript makes of them. The same texts
// are checked against node below, so a wrong row fails there.
var canonicalForms = []struct{ name, in, want string }{
	{"white space", " { \"a\" : [ 1 ,\t2 ] ,\r\n\"b\" : null } ", `{"a":[1,2],"b":null}`},
	{"empty containers", `{"a":{ },"b":[ ]}`, `{"a":{},"b":[]}`},
	{"scalars", `[true,false,null,"",0]`, `[true,false,null,"",0]`},
	{"no HTML escaping", `"\u003cb\u003e&amp;\u0026"`, `"<b>&amp;&"`},
	{"line separators", `"\u2028\u2029` + "\u2028" + `"`, "\"\u2028\u2029\u2028\""},
	{"letters beyond ASCII", `"\u00e5\u00E5å"`, `"ååå"`},
	{"solidus", `"\/a"`, `"/a"`},
	{"short escapes", `"\u0008\u000c\u000a\u000d\u0009\u0022\u005c"`, `"\b\f\n\r\t\"\\"`},
	{"other controls", `"\u0000\u001F\u007f"`, `"\u0000\u001f` + "\x7f" + `"`},
	{"surrogate pair", `"\uD83D\uDE00"`, `"😀"`},
	{"lone high", `"\uD83Dx"`, `"\ud83dx"`},
	{"lone low", `"\uDE00\uD83D"`, `"\ude00\ud83d"`},
	{"high, then a pair", `"\uD83D\uD83D\uDE00"`, `"\ud83d😀"`},
	{"high, then another escape", `"\uD83D\u0041\ud83d\n"`, `"\ud83dA\ud83d\n"`},
	{"integers", `[0,-0,7,-7,123456789012345,9007199254740993]`, `[0,0,7,-7,123456789012345,9007199254740992]`},
	{"decimals", `[1.0,1.50,55.610479,-0.0,0.1e1,-1.5E+1]`, `[1,1.5,55.610479,0,1,-15]`},
	{"large numbers", `[1e20,1e21,1E22,123456789012345678901234,1.5e300]`, `[100000000000000000000,1e+21,1e+22,1.2345678901234569e+23,1.5e+300]`},
	{"small numbers", `[0.000001,0.0000001,1.5e-7,5e-324,1e-400,-1e-10]`, `[0.000001,1e-7,1.5e-7,5e-324,0,-1e-10]`},
	{"infinity", `[1e400,-1e400]`, `[null,null]`},
	{"integer keys first", `{"b":1,"10":2,"9":3,"a":4,"0":5}`, `{"0":5,"9":3,"10":2,"b":1,"a":4}`},
	{"not integer keys", `{"b":1,"01":2,"-1":3,"1.0":4,"+1":5,"4294967295":6,"4294967294":7}`, `{"4294967294":7,"b":1,"01":2,"-1":3,"1.0":4,"+1":5,"4294967295":6}`},
	{"duplicate keys", `{"a":1,"b":2,"a":{"x":1,"x":2},"\u0062":3}`, `{"a":{"x":2},"b":3}`},
	{"nested order", `[{"x":{"2":"b","1":"a"},"1":[{"z":1,"5":2}]}]`, `[{"1":[{"5":2,"z":1}],"x":{"1":"a","2":"b"}}]`},
	{"prototype", `{"__proto__":1,"constructor":2}`, `{"__proto__":1,"constructor":2}`},
	{"many keys, one twice", manyKeys(40) + `,"k3":"new"}`, strings.Replace(manyKeys(40), `"k3":3`, `"k3":"new"`, 1) + "}"},
}

// manyKeys opens an object with n members.
func manyKeys(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"k%d":%d`, i, i)
	}
	return "{" + strings.Join(members, ",")
}

func TestCanonicalize(t *testing.T) {
	for _, tc := range canonicalForms {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Canonicalize([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCanonicalizeRefusesWhatIsNoJSON(t *testing.T) {
	for _, in := range []string{"", " ", "{", `{"a":1}}`, "01", "+1", "'a'", `"\x"`, "nul", "[1,]", strings.Repeat("[", 20_000)} {
		if got, err := Canonicalize([]byte(in)); err == nil {
			t.Errorf("Canonicalize(%.20q) = %q, want an error", in, got)
		}
	}
}

func TestMarshalCanonicalizesRawMembers(t *testing.T) {
	got, err := Marshal(map[string]any{"raw": json.RawMessage(`{ "b": 1.50, "1": "\u003c" }`), "text": "<&>\u2028"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("{\"raw\":{\"1\":\"<\",\"b\":1.5},\"text\":\"<&>\u2028\"}", string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestCanonicalTableEqualsNode(t *testing.T) {
	node := startStringifier(t)
	for _, tc := range canonicalForms {
		if diff := cmp.Diff(node.stringify(t, tc.in), tc.want); diff != "" {
			t.Errorf("%s: node differs: %s", tc.name, diff)
		}
	}
}

func TestAnyCanonicalFormEqualsNode(t *testing.T) {
	node := startStringifier(t)
	rapid.Check(t, func(t *rapid.T) {
		text := jsonText(4).Draw(t, "json")
		got, err := Canonicalize([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(node.stringify(t, text), string(got)); diff != "" {
			t.Fatalf("%s: %s", text, diff)
		}
		again, _ := Canonicalize(got)
		if diff := cmp.Diff(string(got), string(again)); diff != "" {
			t.Fatalf("canonical form is not stable: %s", diff)
		}
	})
}

// jsonText generates JSON texts with every spelling that canonical form removes.
func jsonText(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kinds := 3
		if depth > 0 {
			kinds = 5
		}
		space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return space + jsonString().Draw(t, "string")
		case 1:
			return rapid.StringMatching(`-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number") + space
		case 2:
			return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
		case 3:
			items := rapid.SliceOfN(jsonText(depth-1), 0, 4).Draw(t, "items")
			return "[" + space + strings.Join(items, space+",") + "]"
		}
		members := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			key := rapid.OneOf(jsonString(), rapid.SampledFrom([]string{`"1"`, `"10"`, `"2"`, `"01"`, `"a"`, `"\u0061"`, `"4294967295"`})).Draw(t, "key")
			return key + space + ":" + jsonText(depth-1).Draw(t, "value")
		}), 0, 20).Draw(t, "members")
		return "{" + strings.Join(members, ","+space) + space + "}"
	})
}

func jsonString() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.StringMatching(`[ -!#-\[\]-~]{0,5}`),
		rapid.StringMatching(`\\u[0-9a-fA-F]{4}`),
		rapid.StringMatching(`\\u[dD][89abAB][0-9a-f]{2}(\\u[dD][c-fC-F][0-9a-f]{2})?`),
		rapid.SampledFrom([]string{`\n`, `\/`, `\\`, `\"`, "å", "\u2028", "😀", "\x7f"}),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 5), func(pieces []string) string {
		return `"` + strings.Join(pieces, "") + `"`
	})
}

// stringifier is a node process that answers JSON.stringify(JSON.parse(text)).
type stringifier struct {
	in  *bufio.Writer
	out *bufio.Scanner
}

func startStringifier(t *testing.T) *stringifier {
	t.Helper()
	command := nodeCommand(t, "testdata/stringify.mjs")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 16<<20)
	return &stringifier{bufio.NewWriter(in), scanner}
}

func (s *stringifier) stringify(t rapid.TB, text string) string {
	_, _ = s.in.WriteString(base64.StdEncoding.EncodeToString([]byte(text)) + "\n")
	if err := s.in.Flush(); err != nil {
		t.Fatalf("node: %v", err)
	}
	if !s.out.Scan() {
		t.Fatalf("node ended at %q: %v", text, s.out.Err())
	}
	decoded, err := base64.StdEncoding.DecodeString(s.out.Text())
	if err != nil {
		t.Fatalf("node: %v", err)
	}
	return string(decoded)
}

// nodeCommand prepares a node script, or skips the test on a machine without node.
func nodeCommand(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on PATH")
	}
	return exec.Command(node, arguments...)
}
