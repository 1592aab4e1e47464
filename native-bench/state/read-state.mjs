/**
 * Reads the state of the only checkpoint of a directory, byte for byte, and does nothing with it.
 *
 *   read-state.mjs <dir>      { ms, bytes }, from the start of the process
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const [dir] = process.argv.slice(2);
const name = readdirSync(dir).find((one) => one.startsWith('checkpoint-'));
const file = openSync(join(dir, name, 'state'), 'r');
const buffer = new Uint8Array(1024 * 1024);
let bytes = 0;
for (let count = 1; count > 0; bytes += count) {
  count = readSync(file, buffer, 0, buffer.length, bytes);
}
closeSync(file);
console.log(JSON.stringify({ ms: performance.now(), bytes }));
