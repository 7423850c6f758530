// What an application may expect of the SDK's answers, whatever it asked.
'use strict';
const assert = require('node:assert/strict');

const patience = 20_000; // ms until something that must happen has happened
const unknownID = '01ARZ3NDEKTSV4RRFFQ69G5FAV'; // of nothing
const ulid = /^[0-9A-HJKMNP-TV-Z]{26}$/;

const pause = (time) => new Promise((resolve) => { setTimeout(resolve, time); });

// eventually waits until find gives something.
async function eventually(what, find) {
  for (const end = Date.now() + patience; Date.now() < end;) {
    const found = await find();
    if (found) return found;
    await pause(10);
  }
  throw new assert.AssertionError({ message: `there was not ${typeof what === 'function' ? what() : what}` });
}

// all iterates over all pages.
async function all(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

// pages gives the items of each page, going by hand.
async function pages(list) {
  const found = [];
  let page = await list;
  for (;;) {
    found.push(page.data);
    if (!page.hasNextPage) return found;
    page = await page.nextPage();
  }
}

const names = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'UNAUTHORIZED', 404: 'NOT_FOUND' };

// refused wants an error with that status and the contract's body; an answer 400 has to name the field at fault, if one is given.
async function refused(promise, status, field, name = names[status]) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.statusCode, status, `${err}\n${err.data}`);
    const { error } = JSON.parse(err.data);
    assert.equal(error.code, status);
    assert.equal(error.status, name);
    assert.ok(error.message.length > 0, 'there is no message');
    assert.ok(Array.isArray(error.details), 'details are no list');
    if (field) {
      const violations = error.details.flatMap((detail) => detail.field_violations ?? []);
      assert.ok(violations.some((violation) => violation.field === field), `${err.data} does not name ${field}`);
    }
    return true;
  });
}

const TIMES = /^(accepted_time|event_time|accept_time|last_received|create_time|update_time|datetime)$/;

// times checks every time in what the SDK gives.
function times(value, check) {
  for (const [name, member] of Object.entries(value)) {
    if (TIMES.test(name)) check(name, member);
    else if (member && typeof member === 'object' && !(member instanceof Date)) times(member, check);
  }
}

// dated fails on a time in an answer that the SDK has not made a Date of, and on an answer without one.
function dated(answer) {
  let count = 0;
  times(answer, (name, time) => {
    count += 1;
    assert.ok(time instanceof Date && !Number.isNaN(time.getTime()), `${name} is ${time}`);
  });
  assert.ok(count > 0, 'there is no time');
  return answer;
}

// recent fails on a Date that is not of the last minutes.
function recent(date) {
  assert.ok(date instanceof Date && Math.abs(Date.now() - date.getTime()) < 600_000, `${date} is not now`);
}

// timed fails on a time in a callback, which the SDK leaves a text, that is none, or not of now. Of what was injected it is of the last 30 days.
function timed(event) {
  const age = event.message?.injected ? 30 * 24 * 3_600_000 : 600_000; // ms
  times(event, (name, time) => {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, name);
    const past = Date.now() - new Date(time).getTime();
    const unset = name === 'last_received' && time.startsWith('1970-01-01T00:00:00');
    assert.ok(unset || (past > -60_000 && past < age), `${name} is ${time}`);
  });
}

module.exports = { all, dated, eventually, pages, pause, recent, refused, timed, ulid, unknownID };
