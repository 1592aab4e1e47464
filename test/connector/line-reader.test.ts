import assert from 'node:assert/strict';
import { renameSync, truncateSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InputFile } from '../../src/connector/file/format.ts';
import { type LinePosition, LineReader } from '../../src/connector/file/line-reader.ts';
import { inFolder, write } from './read-all.ts';

function linesOf(
  file: InputFile,
  start: number,
  end: number,
  position: LinePosition | null = null,
): string[] {
  const reader = new LineReader(file, { start, end, weight: 0 }, position);
  const lines: string[] = [];
  while (reader.next()) lines.push(reader.buffer.toString('utf8', reader.start, reader.end));
  reader.close();
  return lines;
}

test('ranges cut anywhere give each line exactly once', async () => {
  await inFolder((folder) => {
    const text = fc.array(
      fc.oneof(
        fc.string({ maxLength: 12 }).map((s) => s.replace(/[\r\n]/g, '')),
        fc.constant('é漢'),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat(300), { maxLength: 6 }),
        (lines, ending, endsOpen, cuts) => {
          const content = lines.join(ending) + (endsOpen || lines.length === 0 ? '' : ending);
          const file = write(`${folder}/lines.txt`, content);
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, file.sizeBytes)).sort((a, b) => a - b),
            file.sizeBytes,
          ];
          const got = places.slice(1).flatMap((end, i) => linesOf(file, places[i]!, end));
          const expected = endsOpen && lines.at(-1) === '' ? lines.slice(0, -1) : lines;
          assert.deepEqual(got, expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('lines longer than a chunk, and positions within them', async () => {
  await inFolder((folder) => {
    const lines = ['a', 'b'.repeat(700_000), '', 'c'.repeat(300_000), 'd'];
    const file = write(`${folder}/long.txt`, lines.join('\n'));
    assert.deepEqual(linesOf(file, 0, file.sizeBytes), lines);
    const reader = new LineReader(file, { start: 0, end: file.sizeBytes, weight: 0 }, null);
    for (let read = 1; reader.next(); read++) {
      assert.deepEqual(linesOf(file, 0, file.sizeBytes, reader.position), lines.slice(read));
      assert.equal(reader.place, `${folder}/long.txt:${read}`);
    }
    reader.close();
  });
});

test('a byte order mark is no part of the first line', async () => {
  await inFolder((folder) => {
    const file = write(`${folder}/bom.txt`, '\ufeffa\nb');
    assert.deepEqual(linesOf(file, 0, file.sizeBytes), ['a', 'b']);
  });
});

test('of a line without end only the beginning is read into memory, and the next ones are whole', async () => {
  await inFolder((folder) => {
    const long = Buffer.alloc(100_000_000, 'x');
    for (const ending of ['', '\n', '\nb\nc']) {
      const file = write(
        `${folder}/long.txt`,
        Buffer.concat([Buffer.from('a\n'), long, Buffer.from(ending)]),
      );
      const range = { start: 0, end: file.sizeBytes, weight: 0 };
      const reader = new LineReader(file, range, null);
      assert.ok(reader.next() && !reader.isCut);
      assert.ok(reader.next() && reader.isCut);
      assert.equal(reader.end - reader.start, 65_536);
      assert.equal(reader.place, `${folder}/long.txt:2`);
      assert.equal(reader.byte, 2);
      assert.ok(reader.buffer.length < 128 * 1024 * 1024);
      const rest: string[] = [];
      while (reader.next()) {
        assert.ok(!reader.isCut);
        rest.push(reader.buffer.toString('utf8', reader.start, reader.end));
      }
      reader.close();
      assert.deepEqual(
        rest,
        ending
          .split('\n')
          .slice(1)
          .filter((line) => line !== ''),
      );
      const half = { start: 50_000_000, end: file.sizeBytes, weight: 0 };
      const behind = new LineReader(file, half, null);
      assert.equal(behind.next(), rest.length > 0);
      behind.close();
    }
  });
});

test('a file that has become shorter is told, wherever a reader of it is', async () => {
  await inFolder((folder) => {
    const path = `${folder}/lines.txt`;
    const file = write(path, 'one\ntwo\nthree\n');
    truncateSync(path, 8);
    const ends = (byte: number) => ({
      code: 'INPUT_MALFORMED',
      message: `'${path}': it has nothing behind byte ${byte} of 14: the file has changed`,
    });
    assert.deepEqual(linesOf(file, 0, 8), ['one', 'two']);
    assert.throws(() => linesOf(file, 0, 14), ends(8));
    assert.throws(() => linesOf(file, 9, 14), ends(8));
    assert.throws(() => linesOf(file, 0, 14, { byte: 8, line: 3 }), ends(8));
  });
});

test('a file that is renamed while it is read, with a new one in its place, is read to its end', async () => {
  await inFolder((folder) => {
    const path = `${folder}/lines.txt`;
    // More than is read at once.
    const lines = Array.from({ length: 100_000 }, (_, n) => `line ${n}`);
    const file = write(path, `${lines.join('\n')}\n`);
    const reader = new LineReader(file, { start: 0, end: file.sizeBytes, weight: 0 }, null);
    assert.ok(reader.next());
    renameSync(path, `${path}.1`);
    write(path, 'another\n');
    let count = 1;
    let last = '';
    for (; reader.next(); count++) {
      last = reader.buffer.toString('utf8', reader.start, reader.end);
    }
    reader.close();
    assert.deepEqual([count, last], [lines.length, lines.at(-1)]);
  });
});

test('a file that is gone', () => {
  const file = { path: '/nowhere/x.csv', sizeBytes: 1 };
  assert.throws(() => linesOf(file, 0, 1), {
    code: 'INPUT_NOT_FOUND',
    message: /cannot read '\/nowhere\/x.csv': ENOENT/,
  });
});
