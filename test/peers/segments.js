// How two other programs cut texts into short messages.
// stdin: JSON array of texts. stdout: JSON array of {calculator: {encoding, parts}, splitter: {encoding, parts}}, in the same order.
const { SegmentedMessage } = require('sms-segments-calculator');
const splitter = require('split-sms');

function calculate(text) {
  const message = new SegmentedMessage(text, 'auto');
  // A segment is an array that starts with six header elements if there are several; those carry no text.
  const parts = message.segments.map((segment) => [...segment].map((c) => c.raw || '').join(''));
  return { encoding: message.encodingName === 'GSM-7' ? 'gsm7' : 'ucs2', parts };
}

function split(text) {
  const result = splitter.split(text);
  return { encoding: result.characterSet === 'GSM' ? 'gsm7' : 'ucs2', parts: result.parts.map((p) => p.content) };
}

process.stdin.setEncoding('utf8'); // or a character could be cut between two chunks
let input = '';
process.stdin.on('data', (chunk) => { input += chunk; });
process.stdin.on('end', () => {
  const answers = JSON.parse(input).map((text) => ({ calculator: calculate(text), splitter: split(text) }));
  process.stdout.write(JSON.stringify(answers));
});
