package openapi

import (
	"html/template"
	"regexp"
	"strings"
)

// prose renders the part of Markdown that the description uses: paragraphs, lists,
// tables, headings of the second level, and spans.
func prose(text string) template.HTML {
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(block, "\n")
		switch {
		case block == "":
		case strings.HasPrefix(block, "## "):
			title := block[3:]
			out.WriteString(`<h3 id="` + slug(title) + `"><a href="#` + slug(title) + `">` + spans(title) + `</a></h3>`)
		case strings.HasPrefix(block, "- "):
			out.WriteString("<ul><li>" + strings.Join(listItems(lines), "</li><li>") + "</li></ul>")
		case strings.HasPrefix(block, "| "):
			writeTable(&out, lines)
		default:
			out.WriteString("<p>" + spans(block) + "</p>")
		}
	}
	return template.HTML(out.String())
}

// line renders a text of one paragraph.
func line(text string) template.HTML { return template.HTML(spans(strings.TrimSpace(text))) }

func listItems(lines []string) []string {
	var items []string
	for _, l := range lines {
		if rest, begins := strings.CutPrefix(l, "- "); begins {
			items = append(items, rest)
		} else {
			items[len(items)-1] += " " + strings.TrimSpace(l)
		}
	}
	for i := range items {
		items[i] = spans(items[i])
	}
	return items
}

// writeTable renders a table: a line of headings, one of dashes, and the rows.
func writeTable(out *strings.Builder, lines []string) {
	out.WriteString(`<div class="wide"><table>`)
	for i, l := range lines {
		if i == 1 {
			continue
		}
		cell := "td"
		if i == 0 {
			cell = "th"
		}
		out.WriteString("<tr>")
		for text := range strings.SplitSeq(strings.Trim(l, "| "), " | ") {
			out.WriteString("<" + cell + ">" + spans(text) + "</" + cell + ">")
		}
		out.WriteString("</tr>")
	}
	out.WriteString("</table></div>")
}

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	boldSpan = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	linkSpan = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
)

// spans renders code, bold text and links within a line.
func spans(text string) string {
	text = template.HTMLEscapeString(text)
	text = linkSpan.ReplaceAllString(text, `<a href="$2">$1</a>`)
	text = boldSpan.ReplaceAllString(text, `<b>$1</b>`)
	return codeSpan.ReplaceAllString(text, `<code>$1</code>`)
}

// slug makes an anchor of a heading.
func slug(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }
