// Another implementation of the Cloud API's client side, whatsapp-api-js, on this simulation: it sends through it and judges its webhooks.
// argv: folder of node_modules, base URL, token, app secret, phone number id. stdin: lines of JSON {body, signature}, the webhooks to judge.
// stdout: one line of JSON {sent, judged}; sent is the answer to a text message, judged has for each webhook {message}, {status} or {error}.
import { webcrypto } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

globalThis.crypto ??= webcrypto; // the package wants it, and Node 18 has no such global in modules

const [folder, base, token, appSecret, phone] = process.argv.slice(2);
const at = (...parts) => pathToFileURL(join(folder, 'whatsapp-api-js', 'lib', ...parts)).href;
const { WhatsAppAPI } = await import(at('index.js'));
const { Text } = await import(at('messages', 'index.js'));

const api = new WhatsAppAPI({
  token, appSecret, webhookVerifyToken: 'v', v: 'v23.0',
  ponyfill: { fetch: (url, options) => fetch(String(url).replace('https://graph.facebook.com', base), options), subtle: crypto.subtle },
});
const sent = await api.sendMessage(phone, '46700000001', new Text('from the peer'), undefined, 'peer-1');

const judged = [];
for (const line of (await text(process.stdin)).split('\n').filter(Boolean)) {
  const { body, signature } = JSON.parse(line);
  let seen = {};
  api.on.message = ({ message }) => { seen = { message }; };
  api.on.status = ({ id, status, biz_opaque_callback_data }) => { seen = { status: { id, status, biz_opaque_callback_data } }; };
  try {
    await api.post(JSON.parse(body), body, signature);
    judged.push(seen);
  } catch (e) {
    judged.push({ error: String(e && (e.message || e)) });
  }
}
console.log(JSON.stringify({ sent, judged }));
