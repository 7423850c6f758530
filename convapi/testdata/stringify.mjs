// Reads JSON texts, one per line in base64, and answers each with the base64 of
// JSON.stringify(JSON.parse(text)): the reference that canonical JSON must equal.
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  const text = Buffer.from(line, 'base64').toString('utf8');
  const canonical = JSON.stringify(JSON.parse(text));
  process.stdout.write(Buffer.from(canonical, 'utf8').toString('base64') + '\n');
}
