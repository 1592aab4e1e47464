/** A file that is written has its name when it is whole; what is no file stays what it is. */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Output } from '../../src/cli/output.ts';
import { inFolder } from '../connector/read-all.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a file that was there stays until the new one is whole', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'rows.jsonl');
    writeFileSync(path, 'before');
    const output = new Output(path);
    await output.write(bytes('first '));
    assert.equal(readFileSync(path, 'utf8'), 'before');
    await output.write(bytes('second'));
    await output.end();
    assert.equal(readFileSync(path, 'utf8'), 'first second');
    assert.deepEqual(readdirSync(folder), ['rows.jsonl']);
  });
});

test('what is given up leaves nothing behind', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'rows.jsonl');
    writeFileSync(path, 'before');
    const output = new Output(path);
    await output.write(bytes('first '));
    await output.abandon();
    assert.equal(readFileSync(path, 'utf8'), 'before');
    assert.deepEqual(readdirSync(folder), ['rows.jsonl']);
  });
});

test('a link is written through', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'file.jsonl');
    const link = join(folder, 'link.jsonl');
    writeFileSync(file, 'before');
    symlinkSync(file, link);
    const output = new Output(link);
    await output.write(bytes('rows'));
    await output.end();
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(readFileSync(file, 'utf8'), 'rows');
  });
});
