'use strict';
const assert = require('node:assert/strict');
const { Conversation } = require('@sinch/sdk-core');
const { dated, recent, refused, ulid, unknownID } = require('./expect');

const { messageBuilder: build, templateV2Helper: helper } = Conversation;
const english = {
  language_code: 'en-US', version: '1', variables: [{ key: 'name', preview_value: 'Ada' }], ...helper.buildTextMessageContent({ text: 'Hello ${name}' }),
};
const swedish = {
  language_code: 'sv-SE', version: '1', variables: [{ key: 'name', preview_value: 'Ada' }],
  ...helper.buildCardMessageContent({ title: 'Hej ${name}', description: 'Välkommen', choices: [{ text_message: { text: 'Tack' } }] }),
  channel_template_overrides: { WHATSAPP: {
    template_reference: { template_id: 'hej', language_code: 'sv', parameters: { 'body[1]text': '${name}' } }, parameter_mappings: { name: 'body[1]text' },
  } },
};
// like leaves what the gateway adds out.
const like = ({ create_time: _, update_time: __, ...translation }) => translation;
// numbered leaves out the translations that stand there a second time as the latest, as applications do before they put a template back.
const numbered = (template) => ({ ...template, translations: helper.getPreviousTranslations(template.translations) });

module.exports = async (stage, test) => {
  const { templatesV2: templates } = stage.conversation;
  const create = (body) => templates.create({ createTemplateRequestBody: {
    default_translation: 'en-US', description: 'a greeting', translations: [english, swedish], ...body,
  } });
  const update = (id, body) => templates.update({ template_id: id, updateTemplateRequestBody: {
    default_translation: 'en-US', translations: [english], ...body,
  } });
  const remove = async (...ids) => {
    for (const id of ids) assert.deepEqual(await templates.delete({ template_id: id }), {});
  };

  await test('create gives a template of version 1', async () => {
    const template = dated(await create());
    assert.match(template.id, ulid);
    recent(template.create_time);
    recent(template.update_time);
    assert.deepEqual([template.version, template.description, template.default_translation], [1, 'a greeting', 'en-US']);
    assert.deepEqual(numbered(template).translations.map(like), [{ ...english, channel_template_overrides: {} }, swedish]);
    assert.deepEqual(numbered(await templates.get({ template_id: template.id })), numbered(template));
    await remove(template.id);
  });

  await test('a template can have an id of the application\'s choice, which is used once', async () => {
    const { id } = await create({ id: 'welcome-1' });
    assert.equal(id, 'welcome-1');
    assert.equal((await templates.get({ template_id: 'welcome-1' })).id, 'welcome-1');
    await refused(create({ id: 'welcome-1' }), 400, 'id');
    await remove(id);
  });

  await test('every type of message can be a template', async () => {
    const contents = {
      card_message: helper.buildCardMessageContent({ title: 't', description: 'd' }),
      carousel_message: helper.buildCarouselMessageContent({ cards: [{ title: 'a' }] }),
      choice_message: helper.buildChoiceMessageContent({ text_message: { text: 'q' }, choices: [{ text_message: { text: 'c' } }] }),
      list_message: helper.buildListMessageContent({ title: 't', sections: [{ title: 's', items: [{ choice: { title: 'i' } }] }] }),
      location_message: helper.buildLocationMessageContent({ title: 't', coordinates: { latitude: 1.5, longitude: 2.5 } }),
      media_message: helper.buildMediaMessageContent({ url: 'https://example.com/a.png' }),
      text_message: helper.buildTextMessageContent({ text: 't' }),
      contact_info_message: build.contactInfo({ name: { full_name: 'Ada' }, phone_numbers: [{ phone_number: '+46732000000' }] }),
    };
    for (const [member, content] of Object.entries(contents)) {
      const { id } = await create({ translations: [{ language_code: 'en-US', version: '1', ...content }] });
      const [translation] = (await templates.get({ template_id: id })).translations;
      assert.deepEqual(translation[member], content[member]);
      await remove(id);
    }
  });

  await test('list gives every translation twice, once as the latest', async () => {
    const made = [await create(), await create({ translations: [english] })];
    const { templates: list } = await templates.list({});
    const languages = (id) => list.find((t) => t.id === id).translations.map((t) => `${t.language_code} ${t.version}`).sort();
    assert.deepEqual(languages(made[0].id), ['en-US 1', 'en-US latest', 'sv-SE 1', 'sv-SE latest']);
    assert.deepEqual(languages(made[1].id), ['en-US 1', 'en-US latest']);
    list.forEach(dated);
    await remove(...made.map((t) => t.id));
    assert.ok((await templates.list()).templates.every((t) => !made.some((m) => m.id === t.id)));
  });

  await test('listTranslations filters by language and version, and has no latest', async () => {
    const { id } = await create();
    const list = async (query) => (await templates.listTranslations({ template_id: id, ...query })).translations;
    assert.deepEqual((await list()).map(like), [{ ...english, channel_template_overrides: {} }, swedish]);
    assert.deepEqual((await list({ language_code: 'sv-SE' })).map(like), [swedish]);
    assert.deepEqual((await list({ language_code: 'en-US', translation_version: '1' })).map((t) => t.language_code), ['en-US']);
    assert.deepEqual(await list({ translation_version: '9' }), []);
    assert.deepEqual(await list({ language_code: 'fi-FI' }), []);
    await refused(templates.listTranslations({ template_id: unknownID }), 404);
    await remove(id);
  });

  await test('update replaces a template as a whole and counts its version', async () => {
    const { id, create_time } = await create();
    const text = { ...english, version: '2', text_message: { text: 'Hi ${name}' } };
    const updated = dated(await update(id, { version: 1, description: 'another', translations: [text] }));
    assert.deepEqual([updated.id, updated.version, updated.description], [id, 2, 'another']);
    assert.equal(updated.create_time.getTime(), create_time.getTime());
    assert.ok(updated.update_time.getTime() >= create_time.getTime());
    const got = await templates.get({ template_id: id });
    assert.deepEqual(numbered(got), numbered(updated));
    assert.ok(got.translations.some((t) => t.text_message?.text === 'Hi ${name}'));
    assert.equal((await update(id, { version: 2, translations: [text] })).version, 3);
    await remove(id);
  });

  await test('what get gave can be put back with a newer translation, which is then the latest', async () => {
    const { id } = await create({ translations: [english] });
    const { create_time: _, update_time: __, id: ___, ...got } = numbered(await templates.get({ template_id: id }));
    const newer = { ...english, version: '2', ...helper.buildTextMessageContent({ text: 'Hi ${name}' }) };
    await templates.update({ template_id: id, updateTemplateRequestBody: { ...got, translations: [...got.translations, newer] } });
    const { version, translations } = await templates.get({ template_id: id });
    assert.equal(version, 2);
    const texts = translations.map((t) => `${t.version}: ${t.text_message.text}`).sort();
    assert.deepEqual(texts, ['1: Hello ${name}', '2: Hi ${name}', 'latest: Hi ${name}']);
    await remove(id);
  });

  await test('an update of an old version is refused', async () => {
    const { id } = await create();
    await update(id, { version: 1 });
    await refused(update(id, { version: 1, description: 'lost' }), 400, undefined, 'FAILED_PRECONDITION');
    const { version, description } = await templates.get({ template_id: id });
    assert.equal(version, 2);
    assert.notEqual(description, 'lost');
    await refused(update(unknownID, { version: 1 }), 404);
    await remove(id);
  });

  await test('a wrong template is refused with the member at fault', async () => {
    await refused(create({ default_translation: undefined }), 400, 'default_translation');
    await refused(create({ default_translation: 'fi-FI' }), 400, 'default_translation');
    await refused(create({ translations: [] }), 400, 'translations');
    await refused(create({ translations: [{ ...english, language_code: undefined }] }), 400, 'translations[0].language_code');
    await refused(create({ translations: [{ language_code: 'en-US', version: '1' }] }), 400, 'translations[0]');
    await refused(create({ translations: [{ ...english, ...build.media({ url: 'https://example.com' }) }] }), 400, 'translations[0]');
  });

  await test('delete takes a template away', async () => {
    const { id } = await create();
    await remove(id);
    await refused(templates.get({ template_id: id }), 404);
    await refused(templates.delete({ template_id: id }), 404);
  });
};
