// The suite of the vendor's Node SDK: every method of its Conversation part, unmodified, against a running gateway. A group is a file of this folder with
// cases in sequence; the groups run one after the other.
//
// Standard output has one JSON object a line for each case: {group, name, ms}, and error if it failed. The process ends with 1 when one has failed, when a
// promise was rejected that nobody waited for, and when something is left that keeps the process alive.
//
// Environment: SETTINGS, see stage.js. SDK_GROUPS names the groups to run, with commas between; without it all run, and after them the laws over all.
'use strict';
const { performance } = require('node:perf_hooks');
const { current, driven, record } = require('./driven');
const { Stage } = require('./stage');

const groups = [
  'client', 'apps', 'webhooks', 'contacts', 'conversations', 'messages', 'events', 'callbacks', 'capability', 'consents', 'templates-v1', 'templates-v2',
  'transcoding', 'settings',
];
const caseTime = 30_000; // ms that a case may take
const exitTime = 3_000; // ms until the process has to be able to end

function report(result) {
  if (result.error) process.exitCode = 1;
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function describe(err) {
  return `${err?.stack ?? err}${err?.data ? `\n${err.data}` : ''}`;
}

// within fails when a case takes too long; what it waits for is then lost.
async function within(promise, time) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${time} ms`)), time);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// runCase runs one case; the methods that a case has called count as driven when it has passed.
async function runCase(group, name, run) {
  const result = { group, name };
  const called = new Set();
  const began = performance.now();
  try {
    await current.run(called, () => within(run(), caseTime));
    called.forEach((method) => driven.add(method));
  } catch (err) {
    result.error = describe(err);
  }
  result.ms = Math.round(performance.now() - began);
  report(result);
}

// runGroup takes a failure outside of the cases for one of a case of its own.
async function runGroup(group, stage) {
  const test = (name, run) => runCase(group, name, run);
  try {
    await require(`./${group}`)(stage, test);
  } catch (err) {
    report({ group, name: 'its stage', error: describe(err) });
  }
}

async function main() {
  process.on('unhandledRejection', (err) => report({ group: 'run', name: 'no rejection is left alone', error: describe(err) }));
  console.debug = () => {}; // the SDK tells of every refusal there, also of those that are wanted
  record();
  const stage = new Stage(JSON.parse(process.env.SETTINGS));
  await stage.open();
  const wanted = process.env.SDK_GROUPS?.split(',') ?? [...groups, 'laws'];
  for (const group of wanted) await runGroup(group, stage);
  await stage.close();
}

// end ends a process that cannot end by itself.
function end() {
  setTimeout(() => {
    report({ group: 'run', name: 'nothing is left open', error: process.getActiveResourcesInfo().join(', ') });
    process.exit(1);
  }, exitTime).unref();
}

main().catch((err) => report({ group: 'run', name: 'begin and end', error: describe(err) })).finally(end);
