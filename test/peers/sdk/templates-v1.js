'use strict';
const assert = require('node:assert/strict');
const { Conversation } = require('@sinch/sdk-core');
const { dated, recent, refused, unknownID } = require('./expect');

const { templateV1Helper: helper } = Conversation;
const content = helper.buildTextMessageContent({ text: 'Hello ${name}' });
const english = { language_code: 'en-US', version: '1', content, variables: [{ key: 'name', preview_value: 'Ada' }] };
// like leaves what the gateway adds out.
const like = ({ create_time: _, update_time: __, ...translation }) => translation;

module.exports = async (stage, test) => {
  const { templatesV1: templates } = stage.conversation;
  const create = (body) => templates.create({ createTemplateRequestBody: {
    channel: 'UNSPECIFIED', description: 'old', default_translation: 'en-US', translations: [english], ...body,
  } });
  const update = (id, body, mask) => templates.update({ template_id: id, updateTemplateRequestBody: body, ...(mask && { update_mask: mask }) });
  const remove = async (...ids) => {
    for (const id of ids) assert.deepEqual(await templates.delete({ template_id: id }), {});
  };

  await test('create gives a template back, its content a text', async () => {
    const template = dated(await create());
    assert.ok(template.id.length > 0);
    recent(template.create_time);
    recent(template.update_time);
    assert.deepEqual([template.description, template.default_translation], ['old', 'en-US']);
    assert.deepEqual(template.translations.map(like), [english]);
    assert.deepEqual(JSON.parse(template.translations[0].content), { text_message: { text: 'Hello ${name}' } });
    assert.deepEqual(await templates.get({ template_id: template.id }), template);
    await remove(template.id);
  });

  await test('a template can have an id of the application\'s choice', async () => {
    const { id } = await create({ id: 'old-welcome' });
    assert.equal(id, 'old-welcome');
    assert.equal((await templates.get({ template_id: id })).id, id);
    await refused(create({ id }), 400, 'id');
    await remove(id);
  });

  await test('every type of message can be a template', async () => {
    const contents = [
      helper.buildCardMessageContent({ title: 't', description: 'd' }), helper.buildCarouselMessageContent({ cards: [{ title: 'a' }] }),
      helper.buildChoiceMessageContent({ text_message: { text: 'q' }, choices: [{ text_message: { text: 'c' } }] }),
      helper.buildLocationMessageContent({ title: 't', coordinates: { latitude: 1.5, longitude: 2.5 } }),
      helper.buildMediaMessageContent({ url: 'https://example.com/a.png' }),
      helper.buildListMessageContent({ title: 't', sections: [{ title: 's', items: [{ choice: { title: 'i' } }] }] }),
    ];
    for (const text of contents) {
      const { id, translations } = await create({ translations: [{ ...english, content: text }] });
      assert.deepEqual(JSON.parse(translations[0].content), JSON.parse(text));
      await remove(id);
    }
  });

  await test('list gives every template', async () => {
    const made = [await create({ description: 'one' }), await create({ description: 'two' })];
    const { templates: list } = await templates.list({});
    for (const { id, description } of made) assert.equal(list.find((t) => t.id === id).description, description);
    list.forEach(dated);
    await remove(...made.map((t) => t.id));
    assert.ok((await templates.list()).templates.every((t) => !made.some((m) => m.id === t.id)));
  });

  await test('update with a mask changes the members that it names', async () => {
    const template = await create();
    const updated = await update(template.id, { description: 'new', default_translation: 'sv-SE' }, ['description']);
    assert.deepEqual([updated.description, updated.default_translation], ['new', 'en-US']);
    assert.deepEqual(updated.translations.map(like), [english]);
    assert.deepEqual(await templates.get({ template_id: template.id }), updated);
    await remove(template.id);
  });

  await test('update without a mask changes the members of the body', async () => {
    const { id } = await create();
    const swedish = { ...english, language_code: 'sv-SE', content: helper.buildTextMessageContent({ text: 'Hej ${name}' }) };
    const updated = await update(id, { translations: [english, swedish] });
    assert.equal(updated.description, 'old');
    assert.deepEqual(updated.translations.map((t) => t.language_code), ['en-US', 'sv-SE']);
    await remove(id);
  });

  await test('a wrong template is refused with the member at fault', async () => {
    await refused(create({ translations: [] }), 400, 'translations');
    await refused(create({ default_translation: 'fi-FI' }), 400, 'default_translation');
    await refused(create({ translations: [{ ...english, language_code: undefined }] }), 400, 'translations[0].language_code');
    await refused(update(unknownID, { description: 'x' }), 404);
    await refused(templates.get({ template_id: unknownID }), 404);
  });

  await test('delete takes a template away', async () => {
    const { id } = await create();
    await remove(id);
    await refused(templates.get({ template_id: id }), 404);
    await refused(templates.delete({ template_id: id }), 404);
  });
};
