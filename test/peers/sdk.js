// The official Node SDK, unmodified, as a client of the gateway. It goes through what applications do with it, prints a line for each step and ends with
// an error at the first one that fails.
//
// Environment: SETTINGS is a JSON object {gateway, projectId, keyId, keySecret, whatsapp, sms, control}: the gateway's URL and access key, two channel
// credentials for simulated providers, and the URL at which those take orders (/whatsapp/_sim/…, /sms/_sim/…, and POST /app with the id of the app whose
// callbacks the WhatsApp platform posts).
'use strict';
const assert = require('node:assert/strict');
const http = require('node:http');
const { SinchClient, ConversationCallbackWebhooks } = require('@sinch/sdk-core');

console.debug = () => {}; // the SDK tells of every refusal there, also of those that are wanted

const settings = JSON.parse(process.env.SETTINGS);
const secret = 'a secret of the webhook <&>';
const number = '46700000001';
const patience = 15_000; // ms until something that must happen has happened

const { conversation } = new SinchClient({
  projectId: settings.projectId, keyId: settings.keyId, keySecret: settings.keySecret,
  conversationHostname: settings.gateway, authHostname: settings.gateway, conversationTemplatesHostname: settings.gateway,
  conversationRegion: 'eu',
});

let steps = 0;
async function step(name, run) {
  try {
    const result = await run();
    console.log(`ok ${++steps} ${name}`);
    return result;
  } catch (err) {
    console.log(`not ok ${++steps} ${name}`);
    throw err;
  }
}

async function order(path, body) {
  const response = await fetch(settings.control + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
}

async function all(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

function refused(promise, status) {
  return assert.rejects(promise, (err) => {
    assert.equal(err.statusCode, status, String(err));
    assert.equal(JSON.parse(err.data).error.code, status);
    return true;
  });
}

const TIMES = /^(accepted_time|event_time|accept_time|last_received)$/;

// times checks every time in what the SDK gives.
function times(value, check) {
  for (const [name, member] of Object.entries(value)) {
    if (TIMES.test(name)) check(name, member);
    else if (member && typeof member === 'object' && !(member instanceof Date)) times(member, check);
  }
}

// dated fails on a time in an answer that the SDK has not made a Date of.
function dated(answer) {
  times(answer, (name, time) => assert.ok(time instanceof Date && !Number.isNaN(time.getTime()), `${name} is ${time}`));
}

// timed fails on a time in a callback, which the SDK leaves a text, that is none or not near.
function timed(event) {
  times(event, (name, time) => {
    const at = new Date(time).getTime();
    const unset = name === 'last_received' && at === 0;
    assert.ok(unset || Math.abs(Date.now() - at) < 600_000, `${name} is ${time}`);
  });
}

const callbacks = [];
const wrong = [];

// receive judges a callback as an application does: by the raw text, and by what a framework has parsed of it.
function receive(headers, raw) {
  const webhooks = new ConversationCallbackWebhooks(secret);
  assert.ok(webhooks.validateAuthenticationHeader(headers, raw), 'the signature does not fit the text');
  assert.ok(webhooks.validateAuthenticationHeader(headers, JSON.parse(raw)), 'the signature does not fit the parsed body');
  assert.ok(!webhooks.validateAuthenticationHeader(headers, `${raw} `), 'the signature fits another text');
  assert.ok(headers['webhook-id'], 'no webhook-id');
  const event = webhooks.parseEvent(JSON.parse(raw));
  assert.equal(event.project_id, settings.projectId);
  timed(event);
  callbacks.push(event);
}

const inbox = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks).toString('utf8');
    try {
      receive(request.headers, raw);
    } catch (err) {
      wrong.push(`${err.message}: ${raw}`);
    }
    response.end();
  });
});

// callback waits for one.
async function callback(trigger, matches = () => true) {
  for (const end = Date.now() + patience; Date.now() < end;) {
    assert.deepEqual(wrong, []);
    const found = callbacks.find((c) => c.trigger === trigger && matches(c));
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  throw new assert.AssertionError({ message: `no ${trigger} among ${callbacks.map((c) => c.trigger)}` });
}

function statuses(id) {
  return callbacks.filter((c) => c.message_delivery_report?.message_id === id)
    .map((c) => `${c.message_delivery_report.channel_identity.channel} ${c.message_delivery_report.status}`);
}

function report(id, status) {
  return callback('MESSAGE_DELIVERY', (c) => c.message_delivery_report.message_id === id && c.message_delivery_report.status === status);
}

async function apps() {
  const app = await step('create an app', async () => {
    const created = await conversation.app.create({
      appCreateRequestBody: {
        display_name: 'Åsa & sons', processing_mode: 'CONVERSATION', channel_credentials: [settings.whatsapp, settings.sms],
        message_retry_settings: { retry_duration: 30 },
      },
    });
    assert.match(created.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    assert.equal(created.display_name, 'Åsa & sons');
    assert.deepEqual(created.channel_credentials.map((c) => c.channel), ['WHATSAPP', 'SMS']);
    assert.equal(created.message_retry_settings.retry_duration, 30);
    assert.equal(created.queue_stats.outbound_limit, 500_000);
    for (const name of ['inbound', 'outbound', 'webhooks']) assert.equal(typeof created.rate_limits[name], 'number');
    await order('/app', created.id);
    return created;
  });
  await step('get and list apps', async () => {
    const got = await conversation.app.get({ app_id: app.id });
    assert.equal(got.display_name, app.display_name);
    const { apps: list } = await conversation.app.list({});
    assert.deepEqual(list.map((a) => a.id), [app.id]);
  });
  await step('update an app with a mask', async () => {
    const updated = await conversation.app.update({
      app_id: app.id, update_mask: ['display_name'], appUpdateRequestBody: { display_name: 'Åsa', processing_mode: 'DISPATCH' },
    });
    assert.equal(updated.display_name, 'Åsa');
    assert.equal(updated.processing_mode, 'CONVERSATION', 'a member outside the mask was changed');
    assert.equal(updated.channel_credentials.length, 2);
  });
  await step('refuse an app without a name', () => refused(conversation.app.create({ appCreateRequestBody: { channel_credentials: [] } }), 400));
  return app.id;
}

async function webhooks(appID, target) {
  const triggers = ['MESSAGE_INBOUND', 'MESSAGE_DELIVERY', 'MESSAGE_SUBMIT', 'CONTACT_CREATE', 'CONTACT_UPDATE', 'CONTACT_DELETE',
    'CONVERSATION_START', 'CONVERSATION_STOP', 'CONVERSATION_DELETE'];
  const hook = await step('create a webhook', () => conversation.webhooks.create({
    webhookCreateRequestBody: { app_id: appID, target, target_type: 'HTTP', triggers, secret },
  }));
  await step('list, update and delete webhooks', async () => {
    const second = await conversation.webhooks.create({
      webhookCreateRequestBody: { app_id: appID, target: `${target}/second`, target_type: 'HTTP', triggers: ['OPT_IN'] },
    });
    let { webhooks: list } = await conversation.webhooks.list({ app_id: appID });
    assert.deepEqual(list.map((w) => w.id).sort(), [hook.id, second.id].sort());
    const updated = await conversation.webhooks.update({
      webhook_id: second.id, update_mask: ['target', 'triggers'], webhookUpdateRequestBody: { target: `${target}/third`, triggers: ['OPT_OUT'] },
    });
    assert.equal(updated.target, `${target}/third`);
    assert.deepEqual(updated.triggers, ['OPT_OUT']);
    assert.deepEqual((await conversation.webhooks.get({ webhook_id: second.id })).triggers, ['OPT_OUT']);
    assert.deepEqual(await conversation.webhooks.delete({ webhook_id: second.id }), {});
    ({ webhooks: list } = await conversation.webhooks.list({ app_id: appID }));
    assert.deepEqual(list.map((w) => w.id), [hook.id]);
    await refused(conversation.webhooks.get({ webhook_id: second.id }), 404);
  });
  return hook.id;
}

async function contacts() {
  const made = await step('create contacts', async () => {
    const list = [];
    for (let i = 1; i <= 5; i++) {
      const identity = `+4670000000${i}`;
      list.push(await conversation.contact.create({
        contactCreateRequestBody: {
          channel_identities: [{ channel: 'WHATSAPP', identity }, { channel: 'SMS', identity }], display_name: `Person ${i}`, language: 'SV',
          external_id: `external-${i}`,
        },
      }));
    }
    assert.equal(list[0].channel_identities[0].identity, number, 'a plus is not stored');
    await callback('CONTACT_CREATE', (c) => c.contact_create_notification.contact.id === list[4].id);
    return list;
  });
  await step('list contacts over pages, and find one by its number with a plus', async () => {
    const listed = await all(conversation.contact.list({ page_size: 2 }));
    assert.deepEqual(listed.map((c) => c.id).sort(), made.map((c) => c.id).sort());
    const found = await all(conversation.contact.list({ channel: 'SMS', identity: `+${number}` }));
    assert.deepEqual(found.map((c) => c.id), [made[0].id]);
  });
  await step('get, update and delete a contact', async () => {
    const { id } = made[4];
    assert.equal((await conversation.contact.get({ contact_id: id })).language, 'SV');
    const updated = await conversation.contact.update({
      contact_id: id, update_mask: ['display_name'], updateContactRequestBody: { display_name: '<b>Person</b> 😀', email: 'outside@example.org' },
    });
    assert.equal(updated.display_name, '<b>Person</b> 😀');
    assert.equal(updated.email, '');
    await callback('CONTACT_UPDATE', (c) => c.contact_update_notification.contact.display_name === '<b>Person</b> 😀');
    assert.deepEqual(await conversation.contact.delete({ contact_id: id }), {});
    await callback('CONTACT_DELETE', (c) => c.contact_delete_notification.contact.id === id);
    await refused(conversation.contact.get({ contact_id: id }), 404);
  });
  return made[0].id;
}

async function fallback(appID, contactID) {
  await order('/whatsapp/_sim/faults', { kind: 'refuse', code: 131026, to: number, times: 1 });
  return step('send with fallback: WhatsApp refuses, SMS delivers', async () => {
    const sent = await conversation.messages.sendTextMessage({
      sendMessageRequestBody: {
        app_id: appID, recipient: { contact_id: contactID }, message: { text_message: { text: 'smörgås <&> 😀' } },
        channel_priority_order: ['WHATSAPP', 'SMS'], message_metadata: 'order 7', ttl: 3600,
      },
    });
    dated(sent);
    const delivered = await report(sent.message_id, 'DELIVERED');
    assert.equal(delivered.message_delivery_report.metadata, 'order 7');
    assert.deepEqual(statuses(sent.message_id), ['WHATSAPP SWITCHING_CHANNEL', 'SMS QUEUED_ON_CHANNEL', 'SMS DELIVERED']);
    const { reason } = (await report(sent.message_id, 'SWITCHING_CHANNEL')).message_delivery_report;
    assert.equal(reason.channel_code, '131026');
    const submitted = await callback('MESSAGE_SUBMIT', (c) => c.message_submit_notification.message_id === sent.message_id);
    assert.equal(submitted.message_submit_notification.submitted_message.text_message.text, 'smörgås <&> 😀');
    return sent.message_id;
  });
}

async function messages(appID, contactID, first) {
  await step('read a message back', async () => {
    const got = await conversation.messages.get({ message_id: first });
    dated(got);
    assert.equal(got.app_message.text_message.text, 'smörgås <&> 😀');
    assert.equal(got.direction, 'TO_CONTACT');
    assert.equal(got.contact_id, contactID);
    assert.equal(got.metadata, 'order 7');
    assert.deepEqual(got.channel_identity, { channel: 'SMS', identity: number, app_id: '' });
  });
  await step('list messages over pages, the newest first', async () => {
    const sent = [first];
    for (let i = 0; i < 6; i++) {
      const { message_id: id } = await conversation.messages.send({
        sendMessageRequestBody: { app_id: appID, recipient: { contact_id: contactID }, message: { text_message: { text: `number ${i}` } } },
      });
      sent.unshift(id);
    }
    const listed = await all(conversation.messages.list({ app_id: appID, page_size: 2 }));
    assert.deepEqual(listed.map((m) => m.id), sent);
    listed.forEach(dated);
    for (const id of sent.slice(0, 6)) await callback('MESSAGE_DELIVERY', (c) => c.message_delivery_report.message_id === id);
  });
  await step('update and delete a message', async () => {
    const updated = await conversation.messages.update({ message_id: first, updateMessageRequestBody: { metadata: 'another' } });
    assert.equal(updated.metadata, 'another');
    assert.equal((await conversation.messages.get({ message_id: first })).metadata, 'another');
    assert.deepEqual(await conversation.messages.delete({ message_id: first }), {});
    await refused(conversation.messages.get({ message_id: first }), 404);
  });
  await step('refuse to send to nobody', () => refused(conversation.messages.send({
    sendMessageRequestBody: { app_id: appID, recipient: { contact_id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }, message: { text_message: { text: 'x' } } },
  }), 404));
}

async function inbound(appID) {
  await step('receive a message over WhatsApp', async () => {
    await order('/whatsapp/_sim/inbound', { from: number, text: 'ja 😀' });
    const got = await callback('MESSAGE_INBOUND', (c) => c.message.channel_identity.channel === 'WHATSAPP');
    assert.equal(got.app_id, appID);
    assert.equal(got.message.contact_message.text_message.text, 'ja 😀');
    assert.equal(got.message.direction, 'TO_APP');
  });
  await step('receive a message over SMS', async () => {
    await order('/sms/_sim/inbound', { from: number, to: '72323', text: 'å'.repeat(200) });
    const got = await callback('MESSAGE_INBOUND', (c) => c.message.channel_identity.channel === 'SMS');
    assert.equal(got.message.contact_message.text_message.text, 'å'.repeat(200));
    assert.equal(got.message.sender_id, '72323');
  });
}

async function conversations(appID, contactID) {
  const started = await step('list and get conversations', async () => {
    await callback('CONVERSATION_START');
    const list = await all(conversation.conversation.list({ app_id: appID, only_active: true }));
    assert.equal(list.length, 1);
    dated(list[0]);
    const got = await conversation.conversation.get({ conversation_id: list[0].id });
    assert.equal(got.contact_id, contactID);
    assert.equal(got.active_channel, 'SMS');
    return got;
  });
  await step('update and stop a conversation, create and delete another', async () => {
    const id = started.id;
    const updated = await conversation.conversation.update({
      conversation_id: id, update_mask: ['metadata_json'], updateConversationRequestBody: { metadata_json: { order: 7 } },
    });
    assert.deepEqual(updated.metadata_json, { order: 7 });
    assert.deepEqual(await conversation.conversation.stopActive({ conversation_id: id }), {});
    assert.equal((await conversation.conversation.get({ conversation_id: id })).active, false);
    await callback('CONVERSATION_STOP', (c) => c.conversation_stop_notification.conversation.id === id);
    const created = await conversation.conversation.create({
      createConversationRequestBody: { app_id: appID, contact_id: contactID, active: true, active_channel: 'WHATSAPP' },
    });
    assert.notEqual(created.id, id);
    assert.deepEqual(await conversation.conversation.delete({ conversation_id: created.id }), {});
    await callback('CONVERSATION_DELETE', (c) => c.conversation_delete_notification.conversation.id === created.id);
    await refused(conversation.conversation.get({ conversation_id: created.id }), 404);
  });
}

async function main() {
  await new Promise((resolve) => { inbox.listen(0, '127.0.0.1', resolve); });
  const appID = await apps();
  await webhooks(appID, `http://127.0.0.1:${inbox.address().port}/inbox`);
  const contactID = await contacts();
  const first = await fallback(appID, contactID);
  await messages(appID, contactID, first);
  await inbound(appID);
  await conversations(appID, contactID);
  await step('delete the app', async () => {
    assert.deepEqual(await conversation.app.delete({ app_id: appID }), {});
    await refused(conversation.app.get({ app_id: appID }), 404);
  });
  assert.deepEqual(wrong, []);
  console.log(`${callbacks.length} callbacks, all signed and parsed`);
}

main().then(() => process.exit(0), (err) => {
  console.log(err);
  process.exit(1);
});
