package engine

import (
	"encoding/json"
	"fmt"

	"switchyard/convapi"
	"switchyard/internal/routing"
	"switchyard/internal/store"
	"switchyard/internal/template"
)

// wantTemplates says that the templates of a message will be read.
func wantTemplates(tx *store.Tx, project string, ids []string) {
	for _, id := range ids {
		if convapi.ValidTemplateID(id) {
			tx.Templates.Want(store.TemplateKey{Project: project, ID: id})
		}
	}
}

// templates gives those of the ids that there are; row reads one.
func templates(project string, ids []string, row func(store.TemplateKey) (store.Template, bool, error)) (map[string]*template.Template, error) {
	out := make(map[string]*template.Template, len(ids))
	for _, id := range ids {
		if !convapi.ValidTemplateID(id) || out[id] != nil {
			continue
		}
		stored, found, err := row(store.TemplateKey{Project: project, ID: id})
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if out[id], err = openTemplate(stored); err != nil {
			return nil, fmt.Errorf("template %s: %w", id, err)
		}
	}
	return out, nil
}

// openTemplate reads a template of either version.
func openTemplate(row store.Template) (*template.Template, error) {
	if row.V1 {
		var resource convapi.TemplateV1
		err := json.Unmarshal(row.Body, &resource)
		return template.OfV1(&resource), err
	}
	var resource convapi.Template
	err := json.Unmarshal(row.Body, &resource)
	return template.Of(&resource), err
}

// resolve decides what a message with references to templates says, once and
// for all: later changes of a template do not reach it. It gives hops whose
// content cannot be had a fault, and leaves out those that are not tried any
// more because of that.
func (s *send) resolve(tx *store.Tx, hops []routing.Hop) ([]routing.Hop, error) {
	s.outgoing, s.resolved = s.req.Message, nil
	if len(s.references) == 0 || len(hops) == 0 {
		return hops, nil
	}
	known, err := templates(s.app.project, s.references, tx.Templates.Get)
	if err != nil {
		return nil, err
	}
	channels := make([]convapi.Channel, len(hops))
	for i, h := range hops {
		channels[i] = h.Channel
	}
	outgoing, faults := template.Resolve(s.req.Message, channels, known)
	if s.resolved, err = convapi.Marshal(outgoing); err != nil {
		return nil, err
	}
	if len(s.resolved) > template.MaxFilled {
		long := &convapi.Reason{Code: convapi.ReasonBadRequest, SubCode: convapi.SubCodeUnspecified, Description: template.ErrTooLong.Error()}
		hops[0].Fault = long
		s.resolved = nil
		return hops[:1], nil
	}
	s.outgoing = outgoing
	return withFaults(hops, faults), nil
}

// withFaults notes the faults of channels at their hops, up to a final one.
func withFaults(hops []routing.Hop, faults map[convapi.Channel]template.Fault) []routing.Hop {
	for i := range hops {
		f, faulty := faults[hops[i].Channel]
		if !faulty || hops[i].Fault != nil {
			continue
		}
		hops[i].Fault = &f.Reason
		if f.Final {
			return hops[:i+1]
		}
	}
	return hops
}
