/**
 * The contract of positions, for every source: at any poll a new reader from `position()` gives exactly the rest; and a
 * source subtask that is restored from any of its snapshots, at any rate and in slices or not, gives each row and each dead letter once.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { VirtualClock } from '../../src/base/clock.ts';
import { Random } from '../../src/base/random.ts';
import { type BatchSlices, WHOLE_BATCHES } from '../../src/channel/batch-slices.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { avro } from '../../src/connector/file/avro/avro.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { files } from '../../src/connector/file/files.ts';
import { jsonLines } from '../../src/connector/file/json-lines.ts';
import { text } from '../../src/connector/file/text.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import type { Batch } from '../../src/data/batch.ts';
import { record, t } from '../../src/data/schema.ts';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import { DEAD_LETTERS } from '../../src/operator/operator-spec.ts';
import type { DeadLetter, PlainData, Source, SourceSplit } from '../../src/operator/source.ts';
import { SourceInput } from '../../src/task/source-input.ts';
import { fromItsStart, type SplitState, type SplitToRead } from '../../src/task/split-state.ts';
import { DrawnSlices } from '../../src/testing/drawn-slices.ts';
import { queueOf } from '../task/source-run.ts';
import { FORMAT_KINDS } from './format-kinds.ts';
import { encode } from './read-all.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-positions-'));
after(() => rmSync(folder, { recursive: true }));

const Row = record({ n: t.int32, text: t.string });
const rowOf = (n: number) => ({ n, text: `row ${n}` });
const ROWS = Array.from({ length: 10_000 }, (_, n) => rowOf(n));
/** Every seventh row does not fit `Row`. */
const Loose = record({ n: t.nullable(t.int32), text: t.string });
const LOOSE = ROWS.map((row) => (row.n % 7 === 3 ? { ...row, n: null } : row));
/** Of which a batch by its bytes has some dozens. */
const HEAVY = Array.from({ length: 200 }, (_, n) => ({ n, text: `${n}`.padEnd(30_000, '-') }));

/** Writes a file and gives its path. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Rows = readonly { readonly n: number; readonly text: string }[];

/** Every seventh line is malformed where `isBad`. */
function csvText(rows: Rows, isBad = false): string {
  const lines = rows.map(({ n, text }) => (isBad && n % 7 === 3 ? `bad ${n},` : `${n},"${text}"`));
  return `n,text\n${lines.join('\r\n')}\n`;
}

function jsonText(rows: Rows, isBad = false): string {
  return rows
    .map((row) => (isBad && row.n % 7 === 3 ? `{bad ${row.n}` : JSON.stringify(row)))
    .join('\n');
}

const bad = { onMalformed: 'deadLetter' } as const;
const SOURCES: readonly (readonly [string, Source])[] = (
  [
    ['csv', files(file('a.csv', csvText(ROWS)), csv(Row))],
    ['csv, heavy rows', files(file('heavy.csv', csvText(HEAVY)), csv(Row))],
    ['csv.gz', files(file('b.csv.gz', gzipSync(csvText(ROWS))), csv(Row))],
    ['csv without a schema', files(file('c.csv', csvText(ROWS)), csv())],
    ['csv with dead letters', files(file('d.csv', csvText(ROWS, true)), csv(Row), bad)],
    [
      'csv.gz with dead letters',
      files(file('e.csv.gz', gzipSync(csvText(ROWS, true))), csv(Row), bad),
    ],
    ['jsonl', files(file('f.jsonl', jsonText(ROWS)), jsonLines(Row))],
    ['jsonl, heavy rows', files(file('heavy.jsonl', jsonText(HEAVY)), jsonLines(Row))],
    ['jsonl.gz', files(file('g.jsonl.gz', gzipSync(jsonText(ROWS))), jsonLines(Row))],
    ['jsonl without a schema', files(file('h.jsonl', jsonText(ROWS)), jsonLines())],
    ['jsonl, heavy rows without a schema', files(file('i.jsonl', jsonText(HEAVY)), jsonLines())],
    ['jsonl with dead letters', files(file('j.jsonl', jsonText(ROWS, true)), jsonLines(Row), bad)],
    ['jsonl, all bad', files(file('k.jsonl', 'bad\n'.repeat(9000)), jsonLines(Row), bad)],
    ...FORMAT_KINDS.filter(({ isText }) => !isText).flatMap(({ name, of }, n) => {
      const format = of(Row);
      const path = (what: string) => `${what}${n}.${format.extension}`;
      return [
        [name, files(file(path('rows'), encode(format, Row, ROWS)), format)],
        [`${name}, heavy rows`, files(file(path('heavy'), encode(format, Row, HEAVY, 50)), format)],
      ] as const;
    }),
    ['avro without a schema', files(file('free.avro', encode(avro(), Row, ROWS)), avro())],
    [
      'avro with dead letters',
      files(file('bad.avro', encode(avro(), Loose, LOOSE)), avro(Row), bad),
    ],
    ['text', files(file('a.txt', jsonText(ROWS)), text({ offset: true }))],
    ['collection', collection(ROWS)],
    ['collection with a schema', collection(ROWS, Row)],
    ['collection of heavy rows', collection(HEAVY)],
    ['collection of heavy rows with a schema', collection(HEAVY, Row)],
    ['generator', generate({ count: 20_000, row: rowOf })],
    ['generator with a schema', generate({ schema: Row, count: 20_000, row: rowOf })],
    [
      'generator with random numbers',
      generate({ count: 9000, row: (_, random) => random.below(1000) }),
    ],
    ['generator of heavy rows', generate({ schema: Row, count: 200, row: (n) => HEAVY[n]! })],
    [
      'generator by columns',
      generate({
        schema: Row,
        count: 20_000,
        fill({ n, text }, from, rowCount) {
          for (let i = 0; i < rowCount; i++) {
            n[i] = from + i;
            text.append(`row ${from + i}`);
          }
        },
      }),
    ],
    ['nothing', collection([])],
    [
      'hybrid',
      hybrid(
        files(file('m.csv', csvText(ROWS, true)), csv(Row), bad),
        generate({ schema: Row, count: 9000, row: rowOf }),
      ),
    ],
    ['hybrid that begins with nothing', hybrid(collection([], Row), collection(ROWS, Row))],
  ] as const
).map(([name, source]) => [name, source as unknown as Source]);

type Poll = {
  readonly rows: readonly string[];
  readonly letters: readonly string[];
  /** Behind it. */
  readonly position: PlainData;
};

const asText = (row: unknown): string => JSON.stringify(row);

function readSplit(source: Source, split: SourceSplit, from: PlainData): Poll[] {
  let letters: string[] = [];
  const reader = source.createReader(split, from, {
    clock: new VirtualClock(),
    wake() {},
    malformed: (letter) => letters.push(asText(letter)),
  });
  const polls: Poll[] = [];
  for (;;) {
    letters = [];
    const result = reader.poll();
    assert.ok(result !== 'idle');
    if (result === 'end') {
      polls.push({ rows: [], letters, position: null });
      break;
    }
    const rows = result.rowObjects().slice(0, result.rowCount).map(asText);
    // A position goes through a snapshot.
    const position = JSON.parse(JSON.stringify(reader.position())) as PlainData;
    polls.push({ rows, letters, position });
  }
  reader.close();
  return polls;
}

/** Compares without printing all of them. */
function checkSame(actual: readonly string[], expected: readonly string[], what: string): void {
  const wrong = expected.findIndex((row, n) => row !== actual[n]);
  assert.equal(actual[wrong]?.slice(0, 200), expected[wrong]?.slice(0, 200), `${what}: ${wrong}`);
  assert.equal(actual.length, expected.length, what);
}

for (const [name, source] of SOURCES) {
  test(`${name}: a new reader from the position behind any poll gives the rest`, async () => {
    let polls = 0;
    for (const split of await source.discoverSplits(2)) {
      const all = readSplit(source, split, null);
      polls += all.length;
      for (const [n, { position }] of all.slice(0, -1).entries()) {
        const rest = readSplit(source, split, position);
        const expected = all.slice(n + 1);
        for (const what of ['rows', 'letters'] as const) {
          const of = (list: readonly Poll[]) => list.flatMap((poll) => poll[what]);
          checkSame(of(rest), of(expected), `${what} behind poll ${n} of ${split.id}`);
        }
      }
    }
    assert.ok(polls > 2 || name === 'nothing', 'more than one batch');
  });
}

type Given = { readonly rows: string[]; readonly letters: string[] };

/** How a source subtask gives its rows. */
type Pace = { readonly rate: number | null; readonly slices: BatchSlices };

/** One life of a source subtask. */
class Life {
  readonly clock = new VirtualClock();
  readonly input: SourceInput;
  readonly #counters = new SharedCounters({
    workers: 0,
    operatorSlots: 1,
    outputs: 0,
    subtasks: 1,
    stages: 2,
  });
  #states: readonly SplitState[] = [];
  #passed = 0;

  constructor(source: Source, splits: readonly SplitToRead[], pace: Pace, given: Given) {
    const { rate, slices } = pace;
    const output: Output = {
      isReady: true,
      emit: (batch: Batch) => {
        given.rows.push(...batch.rowObjects().slice(0, batch.rowCount).map(asText));
      },
      watermark() {},
      idle() {},
      barrier: (checkpoint) => {
        this.#passed = checkpoint;
      },
      end() {},
    };
    const letters: Output = {
      ...output,
      emit: (batch: Batch) => {
        given.letters.push(...(batch.rowObjects() as readonly DeadLetter[]).map(asText));
      },
    };
    this.input = new SourceInput({
      source,
      splits: queueOf(source.assignment, splits, this.#counters, { subtask: 0, parallelism: 1 }),
      eventTime: null,
      functions: [],
      rate,
      context: {
        name: 'source',
        watermarkIntervalMs: 200,
        subtask: 0,
        parallelism: 1,
        metrics: this.#counters.operator(0),
        snapshot: () => ({
          items: (_state: string, _mode: string, items: readonly SplitState[]) => {
            this.#states = JSON.parse(JSON.stringify(items, keepInfinite), reviveInfinite);
          },
        }),
        wake() {},
      } as unknown as OperatorContext,
      progress: this.#counters.subtask(0),
      siblings: [this.#counters.subtask(0)],
      alignment: null,
      slices,
      clock: this.clock,
      commands: this.#counters,
      output,
      sides: new Map([[DEAD_LETTERS, letters]]),
      onSkipped() {},
      onSplitRead: null,
    });
  }

  /** What a checkpoint at this moment has of the splits. */
  snapshot(): readonly SplitState[] {
    const checkpoint = this.#passed + 1;
    this.#counters.requestCheckpoint(checkpoint, 'aligned');
    while (this.#passed < checkpoint) this.input.poll();
    return this.#states;
  }
}

const keepInfinite = (_: string, value: unknown) => (value === -Infinity ? 'infinite' : value);
const reviveInfinite = (_: string, value: unknown) => (value === 'infinite' ? -Infinity : value);

/** What is left of these splits, by what a snapshot says of those that were begun. */
function splitsLeft(splits: readonly SplitToRead[], states: readonly SplitState[]): SplitToRead[] {
  const begun = new Map(states.map((state) => [state.split.id, state]));
  return splits
    .map((split) => begun.get(split.split.id) ?? split)
    .filter((split) => !('isRead' in split && split.isRead));
}

/** Runs to the end, through crashes; each goes back to the last snapshot. */
async function runThroughCrashes(source: Source, random: Random, crashes: number): Promise<Given> {
  let splits: readonly SplitToRead[] = (await source.discoverSplits(2)).map(fromItsStart);
  const given: Given = { rows: [], letters: [] };
  for (let crash = 0; ; crash++) {
    const isLast = crash === crashes;
    const rate = isLast || random.below(4) === 0 ? null : 10 ** (2 + random.below(4));
    const slices = isLast
      ? WHOLE_BATCHES
      : random.pick([WHOLE_BATCHES, new DrawnSlices(random, 5000)]);
    const life = new Life(source, splits, { rate, slices }, given);
    let left = splits;
    let kept = { rows: given.rows.length, letters: given.letters.length };
    const polls = isLast ? Infinity : random.below(25);
    for (let n = 0; n < polls && !life.input.hasEnded; n++) {
      life.clock.advanceTo(life.clock.now() + random.below(2) * random.below(40));
      life.input.poll();
      if (isLast || life.input.hasEnded || random.below(3) > 0) continue;
      left = splitsLeft(splits, life.snapshot());
      kept = { rows: given.rows.length, letters: given.letters.length };
    }
    if (isLast) return given;
    life.input.close();
    given.rows.length = kept.rows;
    given.letters.length = kept.letters;
    splits = left;
  }
}

for (const [name, source] of SOURCES) {
  test(`${name}: a source subtask that is restored again and again gives each row and letter once`, async () => {
    const whole = (await source.discoverSplits(2)).map((split) => readSplit(source, split, null));
    const sorted = (what: 'rows' | 'letters') =>
      whole.flatMap((polls) => polls.flatMap((poll) => poll[what])).sort();
    const rows = sorted('rows');
    const letters = sorted('letters');
    for (let seed = 1; seed <= 8; seed++) {
      const given = await runThroughCrashes(source, new Random(seed), 12);
      checkSame(given.rows.sort(), rows, `rows with seed ${seed}`);
      checkSame(given.letters.sort(), letters, `letters with seed ${seed}`);
    }
  });
}
