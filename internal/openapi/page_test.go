package openapi

import (
	"regexp"
	"strings"
	"testing"
)

func renderedPage(t *testing.T) string {
	t.Helper()
	w := get(t, "/docs")
	if kind := w.Header().Get("Content-Type"); w.Code != 200 || kind != "text/html; charset=utf-8" {
		t.Fatalf("%d, %q", w.Code, kind)
	}
	return w.Body.String()
}

// Links within the page lead somewhere, and to one place only.
func TestLinksOfThePage(t *testing.T) {
	page := renderedPage(t)
	anchors := make(map[string]bool)
	for _, found := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if anchors[found[1]] {
			t.Errorf("anchor %s is there twice", found[1])
		}
		anchors[found[1]] = true
	}
	for _, found := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !anchors[found[1]] {
			t.Errorf("#%s leads nowhere", found[1])
		}
	}
}

// Every operation, callback, schema and member has an anchor and is described.
func TestPageHasEverything(t *testing.T) {
	page := renderedPage(t)
	d, err := Describe()
	if err != nil {
		t.Fatal(err)
	}
	has := func(anchor string) {
		if !strings.Contains(page, ` id="`+anchor+`"`) {
			t.Errorf("the page lacks %s", anchor)
		}
	}
	for _, path := range d.Paths {
		for _, o := range path.Value.Operations() {
			has(o.Value.ID)
		}
	}
	for _, one := range d.Webhooks {
		has("callback-" + one.Name)
	}
	for _, one := range d.Components.Schemas {
		has("schema-" + one.Name)
		if one.Value.Ref == "" {
			for _, member := range one.Value.Properties {
				has("schema-" + one.Name + "." + member.Name)
			}
		}
	}
}

// The page needs nothing but itself: no script, no image, no other host, which its
// policy forbids as well.
func TestPageStandsAlone(t *testing.T) {
	page := renderedPage(t)
	for _, foreign := range []string{"<script", "<img", "<link", "@import", "url(", "<iframe", " style=", "javascript:"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page has %s", foreign)
		}
	}
	policy := get(t, "/docs").Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy %q", policy)
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	if style == nil || style[1] != pageStyle {
		t.Error("the style is not the one that the policy names")
	}
}

func TestProse(t *testing.T) {
	for text, want := range map[string]string{
		"One `a<b` and **two**.\nStill one.": "<p>One <code>a&lt;b</code> and <b>two</b>.\nStill one.</p>",
		"See [that](#x).\n\nMore.":           `<p>See <a href="#x">that</a>.</p><p>More.</p>`,
		"- one\n  more\n- two":               "<ul><li>one more</li><li>two</li></ul>",
		"| a | b |\n| --- | --- |\n| 1 | `2` |": `<div class="wide"><table><tr><th>a</th><th>b</th></tr>` +
			`<tr><td>1</td><td><code>2</code></td></tr></table></div>`,
		"## Two words": `<h3 id="two-words"><a href="#two-words">Two words</a></h3>`,
		"":             "",
	} {
		if got := string(prose(text)); got != want {
			t.Errorf("%q gives\n%s, want\n%s", text, got, want)
		}
	}
}
