// Package template turns a message that refers to templates, or has
// placeholders of its own, into one that says what it means: it fills in
// parameters, and it picks the translation of an omni template.
//
// It is pure. It must not know where templates are kept, nor how a channel
// renders what comes out.
package template
