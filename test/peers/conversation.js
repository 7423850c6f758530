// Uses the Conversation API through the vendor's official client, as a customer's program would.
// stdin: {host, projectId, keyId, keySecret}. stdout: JSON object with the answer of each step, in the client's own spelling.
const { SinchClient } = require('@sinch/sdk-core');

async function use({ host, projectId, keyId, keySecret }) {
  const { conversation } = new SinchClient({
    projectId, keyId, keySecret, authHostname: host, conversationHostname: host, conversationRegion: 'us',
  });
  const all = async (pages) => { const list = []; for await (const one of pages) list.push(one); return list; };
  const out = {};

  out.app = await conversation.app.create({ appCreateRequestBody: {
    display_name: 'node', processing_mode: 'CONVERSATION',
    channel_credentials: [{ channel: 'SMS', static_bearer: { claimed_identity: 'plan', token: 'token' } }],
  } });
  const app_id = out.app.id;
  out.appUpdated = await conversation.app.update({ app_id, update_mask: ['display_name'], appUpdateRequestBody: { display_name: 'renamed' } });
  out.apps = (await conversation.app.list({})).apps;

  out.webhook = await conversation.webhooks.create({ webhookCreateRequestBody: {
    app_id, target: 'https://example.com/a', target_type: 'HTTP', triggers: ['MESSAGE_DELIVERY'], secret: 's',
  } });
  out.webhookUpdated = await conversation.webhooks.update({
    webhook_id: out.webhook.id, update_mask: ['target', 'triggers'],
    webhookUpdateRequestBody: { app_id, target: 'https://example.com/b', triggers: ['MESSAGE_INBOUND'] },
  });
  out.webhooks = (await conversation.webhooks.list({ app_id })).webhooks;

  out.contact = await conversation.contact.create({ contactCreateRequestBody: {
    language: 'EN_US', display_name: 'N', channel_identities: [{ channel: 'SMS', identity: '+46701234567' }],
  } });
  const contact_id = out.contact.id;
  for (let i = 0; i < 4; i++) {
    await conversation.contact.create({ contactCreateRequestBody: {
      language: 'EN_US', channel_identities: [{ channel: 'SMS', identity: `4670000000${i}` }],
    } });
  }
  out.contactUpdated = await conversation.contact.update({ contact_id, update_mask: ['metadata', 'display_name'], updateContactRequestBody: { metadata: 'm' } });
  out.contacts = await all(conversation.contact.list({ page_size: 2 }));
  out.contactsByNumber = await all(conversation.contact.list({ channel: 'SMS', identity: '+46701234567' }));

  out.sent = await conversation.messages.sendTextMessage({ sendMessageRequestBody: {
    app_id, recipient: { contact_id }, message: { text_message: { text: 'hello' } }, ttl: 30,
  } });
  const message_id = out.sent.message_id;
  out.message = await conversation.messages.get({ message_id });
  out.messageUpdated = await conversation.messages.update({ message_id, updateMessageRequestBody: { metadata: 'new' } });
  out.messages = await all(conversation.messages.list({ app_id, channel_identity: '+46701234567', page_size: 2 }));

  out.transcoded = await conversation.transcoding.transcodeMessage({ transcodeMessageRequestBody: {
    app_id, channels: ['WHATSAPP', 'VIBER'],
    app_message: { location_message: { title: 'Pier', label: 'crane', coordinates: { latitude: 47.79819, longitude: -4.3727684 } } },
  } });

  const conversation_id = out.message.conversation_id;
  out.conversations = await all(conversation.conversation.list({ app_id, only_active: true }));
  out.conversationUpdated = await conversation.conversation.update({
    conversation_id, update_mask: ['correlation_id'], updateConversationRequestBody: { correlation_id: 'c' },
  });
  out.stopped = await conversation.conversation.stopActive({ conversation_id });
  out.conversation = await conversation.conversation.get({ conversation_id });

  // The client has no call for opting out.
  await fetch(`${host}v1/projects/${projectId}/optouts:register`, {
    method: 'POST', body: JSON.stringify({ app_id, channels: ['SMS'], recipient: { contact_id } }),
    headers: { Authorization: `Basic ${Buffer.from(`${keyId}:${keySecret}`).toString('base64')}` },
  });
  out.optedOut = await all(conversation.consents.listIdentities({ app_id, list_type: 'OPT_OUT_ALL' }));
  out.audits = await conversation.consents.listAuditRecords({ app_id, identity: '+46701234567' });

  out.missing = await conversation.app.get({ app_id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }).catch((e) => ({ statusCode: e.statusCode, data: e.data }));
  out.deleted = [
    await conversation.messages.delete({ message_id }),
    await conversation.conversation.delete({ conversation_id }),
    await conversation.contact.delete({ contact_id }),
    await conversation.webhooks.delete({ webhook_id: out.webhook.id }),
    await conversation.app.delete({ app_id }),
  ];
  return out;
}

let input = '';
process.stdin.on('data', (chunk) => { input += chunk; });
process.stdin.on('end', () => {
  console.log = console.info = console.debug = console.warn = () => {}; // the client chats on standard output
  use(JSON.parse(input)).then((out) => process.stdout.write(JSON.stringify(out)), (e) => {
    process.stderr.write(`${e.stack}\n${JSON.stringify(e.data ?? '')}\n`);
    process.exitCode = 1;
  });
});
