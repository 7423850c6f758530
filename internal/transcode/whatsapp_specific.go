package transcode

import (
	"encoding/json"

	"switchyard/convapi"
)

// whatsappOrder is the form of ORDER_DETAILS and ORDER_STATUS in the contract;
// amounts are in hundredths.
type whatsappOrder struct {
	Header  json.RawMessage `json:"header"`
	Body    json.RawMessage `json:"body"`
	Footer  json.RawMessage `json:"footer"`
	Payment struct {
		Type        string            `json:"type"`
		ReferenceID string            `json:"reference_id"`
		Goods       string            `json:"type_of_goods"`
		Total       int64             `json:"total_amount_value"`
		Buttons     []json.RawMessage `json:"payment_buttons"`
		Settings    json.RawMessage   `json:"payment_settings"` // the older form
		Order       whatsappCart      `json:"order"`
	} `json:"payment"`
}

type whatsappCart struct {
	Status      string `json:"status"`
	Description string `json:"description"`

	Items []struct {
		RetailerID string `json:"retailer_id"`
		Name       string `json:"name"`
		Amount     int64  `json:"amount_value"`
		Quantity   int64  `json:"quantity"`
		SaleAmount *int64 `json:"sale_amount_value"`
	} `json:"items"`
	CatalogID             string          `json:"catalog_id"`
	Subtotal              int64           `json:"subtotal_value"`
	Tax                   int64           `json:"tax_value"`
	TaxDescription        string          `json:"tax_description"`
	Shipping              *int64          `json:"shipping_value"`
	ShippingDescription   string          `json:"shipping_description"`
	Discount              *int64          `json:"discount_value"`
	DiscountDescription   string          `json:"discount_description"`
	DiscountProgram       string          `json:"discount_program_name"`
	ExpirationTime        json.RawMessage `json:"expiration_time"`
	ExpirationDescription string          `json:"expiration_description"`
}

// whatsappFlow is the form of FLOWS in the contract.
type whatsappFlow struct {
	Header  json.RawMessage `json:"header"`
	Body    json.RawMessage `json:"body"`
	Footer  json.RawMessage `json:"footer"`
	ID      string          `json:"flow_id"`
	CTA     string          `json:"flow_cta"`
	Token   string          `json:"flow_token"`
	Mode    string          `json:"flow_mode"`
	Action  string          `json:"flow_action"`
	Payload json.RawMessage `json:"flow_action_payload"`
}

// jsonObject is written with its members sorted.
type jsonObject = map[string]any

// whatsappSpecific writes the kinds that only WhatsApp has. Only what has
// another place in Meta's form is looked at; the rest passes through.
func whatsappSpecific(m convapi.ChannelSpecificMessage) (any, error) {
	var interactive jsonObject
	switch m.MessageType {
	case convapi.SpecificFlows:
		var flow whatsappFlow
		if err := decodeSpecific(m, &flow); err != nil {
			return nil, err
		}
		interactive = flow.interactive()
	case convapi.SpecificOrderDetails, convapi.SpecificOrderStatus:
		var order whatsappOrder
		if err := decodeSpecific(m, &order); err != nil {
			return nil, err
		}
		if m.MessageType == convapi.SpecificOrderStatus {
			interactive = order.status()
		} else {
			interactive = order.details()
		}
	default:
		return nil, refuse(convapi.ReasonUnsupportedOperation, "WHATSAPP has no message of type %s", m.MessageType)
	}
	return struct {
		whatsappMessage
		Interactive jsonObject `json:"interactive"`
	}{whatsappMessage{Type: "interactive"}.addressed(), interactive}, nil
}

func decodeSpecific(m convapi.ChannelSpecificMessage, into any) error {
	if err := json.Unmarshal(m.Message, into); err != nil {
		return refuse(convapi.ReasonBadRequest, "the message of type %s is not of its form", m.MessageType)
	}
	return nil
}

// framed is an interactive message with what stands around its action.
func framed(kind string, header, body, footer json.RawMessage, action jsonObject) jsonObject {
	out := jsonObject{"type": kind, "action": action}
	for name, part := range map[string]json.RawMessage{"header": header, "body": body, "footer": footer} {
		if len(part) > 0 && string(part) != "null" {
			out[name] = part
		}
	}
	return out
}

// flowVersion is that of flow messages (Cloud API, flow_message_version).
const flowVersion = "3"

func (f whatsappFlow) interactive() jsonObject {
	parameters := jsonObject{"flow_message_version": flowVersion, "flow_id": f.ID, "flow_cta": f.CTA}
	for name, value := range map[string]string{"flow_token": f.Token, "mode": f.Mode, "flow_action": f.Action} {
		if value != "" {
			parameters[name] = value
		}
	}
	if object(f.Payload) {
		parameters["flow_action_payload"] = f.Payload
	}
	return framed("flow", f.Header, f.Body, f.Footer, jsonObject{"name": "flow", "parameters": parameters})
}

// whatsappCurrencies are those of the countries where there are payments.
var whatsappCurrencies = map[string]string{"br": "BRL", "sg": "SGD"}

func (o whatsappOrder) details() jsonObject {
	p := o.Payment
	parameters := jsonObject{
		"reference_id": p.ReferenceID, "type": p.Goods, "payment_type": p.Type, "currency": whatsappCurrencies[p.Type],
		"total_amount": hundredths(p.Total), "order": p.Order.details(),
	}
	settings := whatsappPayments(p.Buttons)
	if len(settings) == 0 && len(p.Settings) > 0 {
		parameters["payment_settings"] = p.Settings
	} else if len(settings) > 0 {
		parameters["payment_settings"] = settings
	}
	return framed("order_details", o.Header, o.Body, o.Footer, jsonObject{"name": "review_and_pay", "parameters": parameters})
}

// whatsappPayments puts what a payment button needs under the button's type, if
// it is not there already.
func whatsappPayments(buttons []json.RawMessage) []jsonObject {
	var out []jsonObject
	for _, raw := range buttons {
		var members map[string]json.RawMessage
		var kind string
		if json.Unmarshal(raw, &members) != nil || json.Unmarshal(members["type"], &kind) != nil {
			continue
		}
		if nested, ok := members[kind]; ok {
			out = append(out, jsonObject{"type": kind, kind: nested})
			continue
		}
		delete(members, "type")
		out = append(out, jsonObject{"type": kind, kind: members})
	}
	return out
}

func (o whatsappOrder) status() jsonObject {
	order := jsonObject{"status": o.Payment.Order.Status}
	if o.Payment.Order.Description != "" {
		order["description"] = o.Payment.Order.Description
	}
	parameters := jsonObject{"reference_id": o.Payment.ReferenceID, "order": order}
	return framed("order_status", o.Header, o.Body, o.Footer, jsonObject{"name": "review_order", "parameters": parameters})
}

func (c whatsappCart) details() jsonObject {
	var items []jsonObject
	for _, item := range c.Items {
		made := jsonObject{"retailer_id": item.RetailerID, "name": item.Name, "amount": hundredths(item.Amount), "quantity": item.Quantity}
		if item.SaleAmount != nil {
			made["sale_amount"] = hundredths(*item.SaleAmount)
		}
		items = append(items, made)
	}
	order := jsonObject{
		"status": "pending", "items": items, "subtotal": hundredths(c.Subtotal), // an order begins as pending
		"tax": described(c.Tax, c.TaxDescription),
	}
	if c.CatalogID != "" {
		order["catalog_id"] = c.CatalogID
	}
	if len(c.ExpirationTime) > 0 {
		order["expiration"] = jsonObject{"timestamp": c.ExpirationTime, "description": c.ExpirationDescription}
	}
	if c.Shipping != nil {
		order["shipping"] = described(*c.Shipping, c.ShippingDescription)
	}
	if c.Discount != nil {
		discount := described(*c.Discount, c.DiscountDescription)
		if c.DiscountProgram != "" {
			discount["discount_program_name"] = c.DiscountProgram
		}
		order["discount"] = discount
	}
	return order
}

// hundredths is an amount of money as Meta has it.
func hundredths(value int64) jsonObject { return jsonObject{"value": value, "offset": 100} }

func described(value int64, description string) jsonObject {
	amount := hundredths(value)
	if description != "" {
		amount["description"] = description
	}
	return amount
}
