// A message centre on the npm package smpp, for our ESME to talk to.
//
// Environment: SYSTEM_ID and PASSWORD of the one account (default gw, secret); NO_TRANSCEIVER=1 refuses bind_transceiver.
// It listens on two free ports of 127.0.0.1 and prints {"smpp": port, "control": port} when it is ready.
//
// Control, over HTTP with JSON:
//   GET  /log                  every PDU received, in order
//   POST /statuses [88, …]     the command_status of the next submits, 0 for success, null for no answer
//   POST /receipt {id, from, to, state, stat, tlv, text}   send a receipt: with parameters, with text, or both
//   POST /deliver {…fields of deliver_sm…, udh, hex}  send a message; udh and hex (in place of short_message) are hexadecimal
//   POST /enquire              send enquire_link; answers when it has been answered
//   POST /unbind, POST /drop   end the sessions, politely or not
// The answers to /receipt, /deliver and /enquire carry the command_status of the response.
'use strict';
const http = require('http');
const smpp = require('smpp');

const account = { system_id: process.env.SYSTEM_ID || 'gw', password: process.env.PASSWORD || 'secret' };
const log = [];
const statuses = [];
const sessions = new Set();
let lastId = 0x1000;

function describe(pdu) {
  const entry = { ...pdu };
  for (const field of ['short_message', 'message_payload']) {
    const value = entry[field];
    if (value && value.udh) entry.udh = value.udh.map((ie) => ie.toString('hex'));
    if (value && value.message !== undefined) entry[field] = value.message.toString();
  }
  return entry;
}

function judgeBind(command, pdu) {
  if (command === 'bind_transceiver' && process.env.NO_TRANSCEIVER) return smpp.ESME_RINVCMDID;
  if (pdu.system_id !== account.system_id) return smpp.ESME_RINVSYSID;
  if (pdu.password !== account.password) return smpp.ESME_RINVPASWD;
  return smpp.ESME_ROK;
}

function serve(session) {
  session.on('error', (err) => log.push({ command: 'error', message: err.message }));
  session.on('close', () => sessions.delete(session));
  session.on('pdu', (pdu) => log.push(describe(pdu)));
  for (const command of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(command, (pdu) => {
      const status = judgeBind(command, pdu);
      session.send(pdu.response({ command_status: status, system_id: 'node', sc_interface_version: 0x34 }));
      if (status !== smpp.ESME_ROK) return;
      session.receives = command !== 'bind_transmitter';
      sessions.add(session);
    });
  }
  session.on('submit_sm', (pdu) => {
    const status = statuses.length > 0 ? statuses.shift() : smpp.ESME_ROK;
    if (status === null) return;
    if (status !== smpp.ESME_ROK) return session.send(pdu.response({ command_status: status }));
    lastId += 1;
    session.send(pdu.response({ message_id: lastId.toString(16) }));
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
}

function receiver() {
  for (const session of sessions) if (session.receives) return session;
  return null;
}

const STATES = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };

function receipt(order) {
  const fields = { source_addr: order.from, destination_addr: order.to, esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT };
  if (order.tlv) Object.assign(fields, { receipted_message_id: order.id, message_state: STATES[order.stat] });
  if (order.text) {
    const date = '2611021000';
    fields.short_message = `id:${order.id} sub:001 dlvrd:001 submit date:${date} done date:${date} stat:${order.stat} err:000 text:${order.text}`;
  }
  return fields;
}

function message(order) {
  const { udh, hex, ...fields } = order;
  if (hex) fields.short_message = Buffer.from(hex, 'hex');
  if (udh) fields.short_message = { udh: Buffer.from(udh, 'hex'), message: fields.short_message };
  return fields;
}

const control = {
  'GET /log': (_, answer) => answer(log),
  'POST /statuses': (order, answer) => { statuses.push(...order); answer({}); },
  'POST /receipt': (order, answer) => receiver().deliver_sm(receipt(order), (resp) => answer({ status: resp.command_status })),
  'POST /deliver': (order, answer) => receiver().deliver_sm(message(order), (resp) => answer({ status: resp.command_status })),
  'POST /enquire': (_, answer) => receiver().enquire_link((resp) => answer({ status: resp.command_status })),
  'POST /unbind': (_, answer) => { for (const s of sessions) s.unbind(); answer({}); },
  'POST /drop': (_, answer) => { for (const s of sessions) s.destroy(); answer({}); },
};

const controlServer = http.createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const handle = control[`${request.method} ${request.url}`];
    if (!handle) { response.statusCode = 404; response.end(); return; }
    handle(body ? JSON.parse(body) : null, (result) => response.end(JSON.stringify(result)));
  });
});

const smppServer = smpp.createServer(serve);
smppServer.listen(0, '127.0.0.1', () => {
  controlServer.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ smpp: smppServer.address().port, control: controlServer.address().port }));
  });
});
