'use strict';
const assert = require('node:assert/strict');
const { Conversation } = require('@sinch/sdk-core');
const { refused, unknownID } = require('./expect');

const build = Conversation.messageBuilder;
const place = build.location({ title: 'Phare d\'Eckmühl', label: 'Penmarch', coordinates: { latitude: 47.7981899, longitude: -4.3727685 } });
const channels = [
  'APPLEBC', 'INSTAGRAM', 'KAKAOTALK', 'KAKAOTALKCHAT', 'LINE', 'MESSENGER', 'MMS', 'RCS', 'SMS', 'TELEGRAM', 'VIBER', 'VIBERBM', 'WECHAT', 'WHATSAPP',
];

module.exports = async (stage, test) => {
  const app = await stage.idle();
  const transcode = async (message, list, more = {}) => (await stage.conversation.transcoding.transcodeMessage({
    transcodeMessageRequestBody: { app_id: app.id, app_message: message, channels: list, ...more },
  })).transcoded_message;

  await test('a place on WhatsApp is written as the vendor writes it', async () => {
    const { WHATSAPP: text } = await transcode(place, ['WHATSAPP']);
    assert.equal(text, '{"to":"{{to}}","type":"location","recipient_type":"individual","location":{"longitude":"-4.3727684","latitude":"47.79819",'
      + '"name":"Phare d\'Eckmühl","address":"Penmarch"},"messaging_product":"whatsapp","biz_opaque_callback_data":null}');
  });

  await test('every channel of the contract has a form for every message', async () => {
    const message = {
      text: build.text({ text: 'hello' }),
      media: build.media({ url: 'https://example.com/cat.png' }),
      card: build.card({ title: 'Card', description: 'more', choices: [{ text_message: { text: 'Yes' } }] }),
      carousel: build.carousel({ cards: [{ title: 'A', description: 'a' }, { title: 'B', description: 'b' }] }),
      choice: build.choice({ text_message: { text: 'Well?' }, choices: [{ text_message: { text: 'Yes' } }] }),
      list: build.list({ title: 'L', description: 'd', sections: [{ title: 'S', items: [{ choice: { title: 'I', postback_data: 'i' } }] }] }),
      location: place,
      contact: build.contactInfo({ name: { full_name: 'Ada' }, phone_numbers: [{ phone_number: '+46732000000' }] }),
    };
    for (const [name, body] of Object.entries(message)) {
      const transcoded = await transcode(body, channels);
      assert.deepEqual(Object.keys(transcoded).sort(), channels, name);
      for (const [channel, text] of Object.entries(transcoded)) {
        assert.equal(typeof text, 'string');
        assert.ok(text.length > 0, `${name} is empty on ${channel}`);
      }
    }
  });

  await test('only the channels that were asked for are there', async () => {
    assert.deepEqual(Object.keys(await transcode(build.text({ text: 'x' }), ['VIBER', 'SMS'])).sort(), ['SMS', 'VIBER']);
  });

  await test('what is meant for one channel goes to that one', async () => {
    const raw = '{"type":"text","text":{"body":"raw"}}';
    const transcoded = await transcode({ ...build.text({ text: 'for the rest' }), explicit_channel_message: { WHATSAPP: raw } }, ['WHATSAPP', 'SMS']);
    assert.equal(transcoded.WHATSAPP, raw);
    assert.match(transcoded.SMS, /for the rest/);
    const override = { explicit_channel_omni_message: { SMS: build.text({ text: 'for SMS' }) } };
    const omni = await transcode({ ...build.text({ text: 'for the rest' }), ...override }, ['WHATSAPP', 'SMS']);
    assert.match(omni.SMS, /for SMS/);
    assert.match(omni.WHATSAPP, /for the rest/);
  });

  await test('a sender and a recipient may be given, and change nothing', async () => {
    const message = build.text({ text: 'x' });
    assert.deepEqual(await transcode(message, channels, { to: '46700000001', from: '46700000002' }), await transcode(message, channels));
  });

  await test('a wrong message is refused with the member at fault', async () => {
    await refused(transcode(build.text({ text: 'x' }), []), 400, 'channels');
    await refused(transcode(build.text({ text: 'x' }), ['PIGEON']), 400, 'channels[0]');
    await refused(transcode(undefined, ['SMS']), 400, 'app_message');
    await refused(transcode(build.text({ text: '' }), ['SMS']), 400, 'app_message.text_message.text');
    await refused(transcode(build.text({ text: 'x' }), ['SMS'], { app_id: undefined }), 400, 'app_id');
    await refused(transcode(build.text({ text: 'x' }), ['SMS'], { app_id: unknownID }), 404);
  });
};
