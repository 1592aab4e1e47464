/** Sources give fewer rows a batch where rows are large, and every row all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { BATCH_BYTES, BATCH_ROWS } from '../../src/base/limits.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { csv } from '../../src/connector/file/csv.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { record, t } from '../../src/data/schema.ts';
import type { PlainData, Source, SplitReader } from '../../src/operator/source.ts';
import { inFolder, write } from './read-all.ts';

const Row = record({ n: t.int32, text: t.string });
type Row = { n: number; text: string };

const HEAVY = 100_000;
const COUNT = 60;
const heavyRow = (n: number): Row => ({ n, text: `${'x'.repeat(HEAVY - 2)}${n + 10}` });
const HEAVY_ROWS = Array.from({ length: COUNT }, (_, n) => heavyRow(n));

/** Batches of a reader; every other one is read by a new reader at the position of the old one. */
function batchesOf(open: (position: PlainData) => SplitReader): Row[][] {
  const batches: Row[][] = [];
  let reader = open(null);
  for (;;) {
    const batch = reader.poll();
    if (batch === 'end') return batches;
    assert.ok(batch !== 'idle');
    batches.push([...(batch.rowObjects() as readonly Row[])]);
    if (batches.length % 2 === 0) continue;
    const position = JSON.parse(JSON.stringify(reader.position())) as PlainData;
    reader.close();
    reader = open(position);
  }
}

function assertHeavy(batches: readonly Row[][]): void {
  const rows = batches.flat();
  assert.equal(rows.length, COUNT);
  // Those of several subtasks come one behind the other.
  rows.sort((a, b) => a.n - b.n);
  assert.deepEqual(rows, HEAVY_ROWS);
  const most = Math.max(...batches.map((batch) => batch.length)) * HEAVY;
  assert.ok(most > BATCH_BYTES / 2 && most < 2 * BATCH_BYTES, `${most} bytes in a batch`);
}

const context = { clock: systemClock, wake() {}, malformed() {} };

const SOURCES: Readonly<Record<string, Source<Row>>> = {
  'a generator of typed rows': generate({ count: COUNT, schema: Row, row: heavyRow }),
  'a generator of free-form rows': generate({ count: COUNT, row: heavyRow }),
  'a generator by columns': generate({
    count: COUNT,
    schema: Row,
    fill({ n, text }, from, rowCount) {
      for (let i = 0; i < rowCount; i++) {
        n[i] = from + i;
        text.append(heavyRow(from + i).text);
      }
    },
  }),
  'a typed collection': collection(HEAVY_ROWS, Row),
  'a free-form collection': collection(HEAVY_ROWS),
};

for (const [name, source] of Object.entries(SOURCES)) {
  for (const subtasks of [1, 2]) {
    test(`${name}, ${subtasks} subtasks`, async () => {
      const splits = await source.discoverSplits(subtasks);
      assertHeavy(
        splits.flatMap((split) =>
          batchesOf((position) => source.createReader(split, position, context)),
        ),
      );
    });
  }
}

const CSV = `n,text\n${HEAVY_ROWS.map(({ n, text }) => `${n},${text}\n`).join('')}`;
const QUOTED = CSV.replaceAll(/(x{2,}.*)/g, '"x""$1"');
const JSON_LINES = HEAVY_ROWS.map((row) => `${JSON.stringify(row)}\n`).join('');

const TEXTS: Readonly<Record<string, { format: FileFormat; content: string }>> = {
  'typed csv': { format: csv(Row), content: CSV },
  'free-form csv': { format: csv(), content: CSV },
  'typed csv with quotes': { format: csv(Row), content: QUOTED },
  'typed jsonLines': { format: jsonLines(Row), content: JSON_LINES },
  'free-form jsonLines': { format: jsonLines(), content: JSON_LINES },
};

for (const [name, { format, content }] of Object.entries(TEXTS)) {
  test(name, async () => {
    await inFolder((folder) => {
      const file = write(`${folder}/rows`, content);
      const reading = { onMalformed: 'fail', malformed: () => {} } as const;
      const batches = format
        .split(file)
        .flatMap((range) => batchesOf((position) => format.open(file, range, position, reading)));
      assertHeavy(
        batches.map((rows) =>
          rows.map(({ n, text }) => ({ n: Number(n), text: text.replace('x"', '') })),
        ),
      );
    });
  });
}

test('rows of ordinary size come in full batches, by columns behind the first row', async () => {
  const light = generate({
    count: 2 * BATCH_ROWS,
    schema: Row,
    fill({ n, text }, from, rowCount) {
      for (let i = 0; i < rowCount; i++) {
        n[i] = from + i;
        text.append('light');
      }
    },
  });
  const [split] = await light.discoverSplits(1);
  const reader = light.createReader(split!, null, context);
  const counts: number[] = [];
  for (let batch = reader.poll(); typeof batch === 'object'; batch = reader.poll()) {
    counts.push(batch.rowCount);
  }
  assert.deepEqual(counts, [1, BATCH_ROWS - 1, BATCH_ROWS]);
});
