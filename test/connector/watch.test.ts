/** A watched folder: which files are read, when, in which order, and that each is read once over restarts. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { type FilesOptions, files } from '../../src/connector/file/files.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { SeenFiles } from '../../src/connector/file/watch/seen-files.ts';
import { record, t } from '../../src/data/schema.ts';
import type { DeadLetter, PlainData, Source, SplitReader } from '../../src/operator/source.ts';
import { sourceConformance } from '../../src/testing/conformance/source-conformance.ts';
import { encode, inFolder } from './read-all.ts';

const Row = record({ n: t.int32 });
const at = (name: string, modifiedMs: number, sizeBytes = 10) => ({
  path: name,
  sizeBytes,
  modifiedMs,
});
const nothing = (): void => assert.fail('nothing has changed');

/** Writes a file of rows, which was modified at a second. */
function write(folder: string, name: string, numbers: readonly number[], second = 1): void {
  writeFileSync(join(folder, name), `n\n${numbers.map((n) => `${n}\n`).join('')}`);
  utimesSync(join(folder, name), second, second);
}

/** The reader of a folder that one subtask watches, under a clock of its own. */
class Watched {
  readonly clock = new VirtualClock();
  readonly letters: DeadLetter[] = [];
  readonly reader: SplitReader;
  #wake = (): void => {};

  constructor(source: Source<{ n: number }>, position: PlainData = null) {
    const split = { id: 'watch 0/1', weight: 0, detail: { index: 0, of: 1 } };
    this.reader = source.createReader(split, position, {
      clock: this.clock,
      wake: () => this.#wake(),
      malformed: (letter) => void this.letters.push(letter),
    });
  }

  /** Rows until it has looked, and waits for the next look. */
  async rows(): Promise<number[]> {
    const rows: number[] = [];
    for (;;) {
      const result = this.reader.poll();
      assert.ok(result !== 'end');
      if (result !== 'idle') {
        rows.push(...result.rowObjects().map((row) => (row as { n: number }).n));
      } else if (this.reader.wakeAtMs === Infinity) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (this.reader.wakeAtMs > this.clock.now()) return rows;
    }
  }

  /** The same at the next look. */
  async next(): Promise<number[]> {
    this.clock.advanceTo(this.reader.wakeAtMs);
    return await this.rows();
  }
}

const watching = (folder: string, more: FilesOptions = {}) =>
  files(folder, csv(Row), { watch: { every: '1 s', settle: 0 }, ...more });

test('files are ready when they have settled, oldest first', () => {
  const seen = new SeenFiles(1000, []);
  const all = [at('b', 2), at('a', 3), at('c', 2)];
  assert.deepEqual(seen.look(all, 0, nothing), []);
  assert.deepEqual(seen.look(all, 999, nothing), []);
  const grown = [at('b', 2), at('a', 5, 12), at('c', 2)];
  assert.deepEqual(
    seen.look(grown, 1000, nothing).map(({ path }) => path),
    ['b', 'c'],
  );
  seen.onRead(at('b', 2));
  seen.onRead(at('c', 2));
  assert.deepEqual(seen.look(grown, 1999, nothing), []);
  assert.deepEqual(seen.look([at('a', 6, 12)], 2000, nothing), [], 'written again');
  assert.deepEqual(seen.look([at('a', 6, 12)], 3000, nothing), [at('a', 6, 12)]);
});

test('an empty file is left alone until it has something in it', () => {
  const seen = new SeenFiles(0, []);
  assert.deepEqual(seen.look([at('a', 1, 0)], 0, nothing), []);
  assert.deepEqual(seen.look([at('a', 2, 5)], 1, nothing), [at('a', 2, 5)]);
});

test('what has been read is remembered as long as it is there', () => {
  const seen = new SeenFiles(0, [['a', 10, 1]]);
  assert.deepEqual(seen.look([at('a', 1), at('b', 1)], 0, nothing), [at('b', 1)]);
  seen.onRead(at('b', 1));
  assert.deepEqual(seen.read, [
    ['a', 10, 1],
    ['b', 10, 1],
  ]);
  assert.deepEqual(seen.look([at('b', 1)], 1, nothing), []);
  assert.deepEqual(seen.read, [['b', 10, 1]]);
});

test('a file that was read and has another size or time is told once; a time that is not known is taken as it is', () => {
  for (const time of [undefined, null]) {
    const seen = new SeenFiles(0, [['a', 10, time as null]]);
    const told: string[] = [];
    const look = (modifiedMs: number, sizeBytes: number) =>
      seen.look([at('a', modifiedMs, sizeBytes)], 0, (file, readBytes) => {
        told.push(`${readBytes} ${file.sizeBytes} ${file.modifiedMs}`);
      });
    for (const [modifiedMs, sizeBytes] of [
      [1, 10],
      [1, 10],
      [2, 10],
      [2, 10],
      [2, 12],
      [3, 12],
    ] as const) {
      assert.deepEqual(look(modifiedMs, sizeBytes), []);
    }
    assert.deepEqual(told, ['10 10 2', '10 12 2', '12 12 3']);
  }
});

test('more files than a split may remember are an error that says what to do', () => {
  const read = Array.from({ length: 100_000 }, (_, n) => [`${n}`, 1, 1] as const);
  const seen = new SeenFiles(0, read);
  assert.throws(() => seen.onRead(at('one more', 1)), {
    code: 'INPUT_MALFORMED',
    message: /more than 100000 files.*'one more': move files/,
  });
});

test('files that come are read once, by time of modification and then by name', async () => {
  await inFolder(async (folder) => {
    write(folder, 'b.csv', [1, 2], 10);
    write(folder, 'a.csv', [3], 10);
    write(folder, 'z.csv', [4], 5);
    const watched = new Watched(watching(folder));
    assert.deepEqual(await watched.rows(), [4, 3, 1, 2]);
    assert.deepEqual(await watched.next(), []);
    write(folder, '.hidden.csv', [9]);
    write(folder, 'c.csv.tmp', [9]);
    assert.deepEqual(await watched.next(), [], 'names that are none of its');
    renameSync(join(folder, 'c.csv.tmp'), join(folder, 'c.csv'));
    write(folder, 'old.csv', [5], 0);
    assert.deepEqual(await watched.next(), [5, 9], 'also one that is older than those before');
    watched.reader.close();
  });
});

test('a new reader goes on in the middle of a file, and reads none again', async () => {
  await inFolder(async (folder) => {
    const many = Array.from({ length: 10_000 }, (_, n) => n);
    write(folder, 'a.csv', [-1], 1);
    write(folder, 'b.csv', many, 2);
    const first = new Watched(watching(folder));
    const given: number[] = [];
    while (given.length < 5000) {
      const result = first.reader.poll();
      if (typeof result !== 'string')
        given.push(...result.rowObjects().map((row) => (row as { n: number }).n));
      else await new Promise(setImmediate);
    }
    const position = JSON.parse(JSON.stringify(first.reader.position()));
    first.reader.close();
    assert.equal(position.current.path, join(folder, 'b.csv'));
    write(folder, 'c.csv', [10_000], 3);
    const second = new Watched(watching(folder), position);
    given.push(...(await second.rows()));
    assert.deepEqual(given, [-1, ...many, 10_000]);
    second.reader.close();
  });
});

test('a file that grows after it was read is an error, or counted and told', async () => {
  await inFolder(async (folder) => {
    write(folder, 'a.csv', [1]);
    const strict = new Watched(watching(folder));
    const skipping = new Watched(watching(folder, { onMalformed: 'skip' }));
    assert.deepEqual(await strict.rows(), [1]);
    assert.deepEqual(await skipping.rows(), [1]);
    appendFileSync(join(folder, 'a.csv'), '2\n');
    await assert.rejects(strict.next(), {
      code: 'INPUT_MALFORMED',
      message: /a\.csv: the file had 4 bytes when it was read, and has 6 now/,
    });
    assert.deepEqual(await skipping.next(), []);
    assert.deepEqual(await skipping.next(), []);
    assert.equal(skipping.letters.length, 1);
    assert.equal(skipping.letters[0]!.byte, 4);
  });
});

test('a file that is replaced by one of the same size is told, whenever it is', async () => {
  await inFolder(async (folder) => {
    const put = (name: string, number: number, second: number): void => {
      write(folder, 'new.tmp', [number], second);
      renameSync(join(folder, 'new.tmp'), join(folder, name));
    };
    put('a.csv', 1, 1);
    put('b.csv', 2, 2);
    const strict = new Watched(watching(folder));
    const skipping = new Watched(watching(folder, { onMalformed: 'skip' }));
    assert.deepEqual(await strict.rows(), [1, 2]);
    const first: number[] = [];
    while (first.length === 0) {
      const result = skipping.reader.poll();
      if (typeof result === 'string') await new Promise(setImmediate);
      else first.push(...result.rowObjects().map((row) => (row as { n: number }).n));
    }
    put('a.csv', 3, 3);
    put('b.csv', 4, 4);
    await assert.rejects(strict.next(), {
      code: 'INPUT_MALFORMED',
      message:
        /[ab]\.csv: the file was modified after it was read, at 1970-01-01T00:00:0[34]\.000Z: give/,
    });
    const position = JSON.parse(JSON.stringify(skipping.reader.position()));
    skipping.reader.close();
    // What goes on reads the rest of 'a.csv', and 'b.csv' as it is now.
    const next = new Watched(watching(folder, { onMalformed: 'skip' }), position);
    assert.deepEqual([...first, ...(await next.rows())], [1, 4]);
    await next.next();
    await next.next();
    assert.deepEqual(
      next.letters.map(({ file }) => file),
      [join(folder, 'a.csv')],
    );
    next.reader.close();
  });
});

test('a position of a version that knew no times is read, and the file that it was in the middle of', async () => {
  await inFolder(async (folder) => {
    write(folder, 'a.csv', [1], 1);
    write(folder, 'b.csv', [2, 3], 2);
    const [a, b] = ['a.csv', 'b.csv'].map((name) => join(folder, name));
    const current = { path: b!, sizeBytes: 6, start: 0, position: { byte: 4, line: 3 } };
    const watched = new Watched(watching(folder), { read: [[a!, 4]], current });
    assert.deepEqual(await watched.rows(), [3]);
    assert.deepEqual(await watched.next(), []);
    assert.deepEqual(watched.reader.position(), {
      read: [
        [a!, 4, 1000],
        [b!, 6, 2000],
      ],
      current: null,
    });
    write(folder, 'a.csv', [5], 9);
    await assert.rejects(watched.next(), {
      code: 'INPUT_MALFORMED',
      message: /a\.csv: the file was/,
    });
  });
});

test('a file that is removed before its turn is passed over', async () => {
  await inFolder(async (folder) => {
    write(folder, 'a.csv', [1], 1);
    write(folder, 'b.csv', [2], 2);
    write(folder, 'c.csv', [3], 3);
    const watched = new Watched(watching(folder));
    const rows: number[] = [];
    while (rows.length === 0) {
      const result = watched.reader.poll();
      if (typeof result === 'string') await new Promise(setImmediate);
      else rows.push(...result.rowObjects().map((row) => (row as { n: number }).n));
    }
    rmSync(join(folder, 'b.csv'));
    assert.deepEqual([...rows, ...(await watched.rows())], [1, 3]);
  });
});

test('the folder has to be there; it may be empty, and it may go away', async () => {
  await inFolder(async (folder) => {
    const inner = join(folder, 'in');
    const missing = { code: 'INPUT_NOT_FOUND', message: /cannot read/ };
    await assert.rejects(watching(inner).discoverSplits(1), missing);
    await assert.rejects(watching(`${inner}/*.csv`).discoverSplits(1), missing);
    write(folder, 'file.csv', [1]);
    await assert.rejects(watching(join(folder, 'file.csv')).discoverSplits(1), {
      message: /no folder, and no glob/,
    });
    mkdirSync(inner);
    assert.equal((await watching(inner).discoverSplits(3)).length, 3);
    assert.equal((await watching(`${inner}/*.csv`).discoverSplits(2)).length, 2);
    const watched = new Watched(watching(inner));
    assert.deepEqual(await watched.rows(), []);
    rmSync(inner, { recursive: true });
    await assert.rejects(watched.next(), missing);
  });
});

test('options of watching are checked', () => {
  assert.throws(() => files('in', csv(), { watch: 'soon' as never }), { code: 'JOB_DEFINITION' });
  assert.throws(() => files('in', csv(), { watch: { each: '1 s' } as never }), {
    message: /unknown option 'each'; there are: every, settle/,
  });
});

/** Folders that stay as they are keep to the contract of sources: files of lines, and files of row groups. */
const NUMBERS = Array.from({ length: 60 }, (_, n) => n);
for (const [name, fill, format] of [
  ['csv', (folder: string, file: string, rows: number[]) => write(folder, file, rows), csv(Row)],
  [
    'parquet',
    (folder: string, file: string, rows: number[]) => {
      const objects = rows.map((n) => ({ n }));
      writeFileSync(join(folder, file), encode(parquet(Row), Row, objects, 3));
    },
    parquet(Row),
  ],
] as const) {
  const cases = (folder: string) =>
    sourceConformance({
      source: () => files(folder, format, { watch: { every: '1 s', settle: '1 s' } }),
      rows: NUMBERS.map((n) => ({ n })),
      runs: 2,
      // What it waits for is a list of files, which may take long on a busy machine: it is quiet by its clock.
      patience: '10 s',
    });
  for (const [number, { name: rule }] of cases('').entries()) {
    test(`a watched folder of ${name}: ${rule}`, async () => {
      await inFolder(async (folder) => {
        for (let from = 0; from < NUMBERS.length; from += 10) {
          fill(folder, `${from}.${format.extension}`, NUMBERS.slice(from, from + 10));
        }
        await cases(folder)[number]!.run();
      });
    });
  }
}
