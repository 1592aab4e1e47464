/** The suite for sinks: sinks of the engine pass it, and each sink that is broken in one way fails the rule that it breaks. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { csv } from '../../src/connector/file/csv.ts';
import { type FilesOptions, files } from '../../src/connector/file/files.ts';
import type { FileFormat } from '../../src/connector/file/format.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { defineSink, type RowWriter } from '../../src/connector/kit/define-sink.ts';
import { send } from '../../src/connector/kit/send.ts';
import type { Batch } from '../../src/data/batch.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Sink, SinkWriter } from '../../src/operator/sink.ts';
import type { PlainData } from '../../src/operator/source.ts';
import {
  type SinkConformanceOptions,
  sinkConformance,
} from '../../src/testing/conformance/sink-conformance.ts';
import { inputFile, readAll } from '../connector/read-all.ts';
import { filesIn, isHidden } from '../connector/sink-run.ts';

const base = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
after(() => rmSync(base, { recursive: true }));

const Row = record({ n: t.int32, text: t.string });
type Row = { n: number; text: string };
const rowOf = (n: number): Row => ({ n, text: `row ${n}` });

/** Part files of a format, in a folder of their own. */
function inFiles(
  name: string,
  format: FileFormat<Row>,
  options: FilesOptions<Row> = {},
): SinkConformanceOptions<Row> {
  const folder = join(base, name);
  return {
    sink: () => files(folder, format, options),
    row: rowOf,
    schema: Row,
    visible: () =>
      filesIn(folder)
        .filter((path) => !isHidden(path))
        .flatMap((path) => readAll(inputFile(join(folder, path)), format).rows),
    clear() {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    },
  };
}

/** Rows by the token that they were staged under: what a database with two tables would have. */
class Tables {
  readonly staged = new Map<string, readonly Row[]>();
  readonly shown = new Map<string, readonly Row[]>();

  clear(): void {
    this.staged.clear();
    this.shown.clear();
  }

  rows(): Row[] {
    return [...this.shown.values()].flat();
  }

  show(token: string): void {
    const rows = this.staged.get(token);
    if (rows !== undefined) this.shown.set(token, rows);
  }
}

const tables = new Tables();

/** Staging as the kit does it, with a database that takes its time. */
function staging() {
  return defineSink({
    name: 'staging',
    async open({ runId, subtask }): Promise<RowWriter<Row, string>> {
      await Promise.resolve();
      let waiting: Row[] = [];
      let tokens = 0;
      return {
        async write(rows) {
          await Promise.resolve();
          waiting.push(...rows);
        },
        async preCommit() {
          await Promise.resolve();
          if (waiting.length === 0) return [];
          const token = `${runId}-${subtask}-${tokens++}`;
          tables.staged.set(token, waiting);
          waiting = [];
          return [token];
        },
      };
    },
    commit: (all) => {
      for (const token of all) tables.show(token);
    },
    discard: async (all) => {
      for (const token of all) tables.staged.delete(token);
    },
  });
}

const inTables = { row: rowOf, visible: () => tables.rows(), clear: () => tables.clear() };

let sent: Row[] = [];
let calls = 0;

const GOOD: readonly (readonly [string, SinkConformanceOptions<Row>])[] = [
  ['csv', { ...inFiles('csv', csv(Row)), runs: 3 }],
  ['parquet', { ...inFiles('parquet', parquet(Row)), runs: 3 }],
  [
    'csv, every part made a larger one',
    { ...inFiles('compacted', csv(Row), { compact: { checkpoints: 1 } }), runs: 3 },
  ],
  [
    'defineSink',
    {
      ...inTables,
      sink: staging,
      failing: {
        sink: () =>
          defineSink({
            name: 'failing',
            open: () => ({
              write: () => Promise.reject(new Error('connection lost')),
              preCommit: () => [],
            }),
            commit() {},
          }),
        message: /connection lost/,
      },
    },
  ],
  [
    'send, which fails now and then',
    {
      sink: () =>
        send(
          async (rows: readonly Row[]) => {
            await Promise.resolve();
            if (++calls % 4 === 0) throw new Error('HTTP 503');
            sent.push(...rows);
          },
          {
            maxRows: 3,
            capacity: 2,
            retry: { strategy: 'exponential', initialDelay: '1 ms', maxDelay: '4 ms' },
          },
        ),
      row: rowOf,
      visible: () => sent,
      clear: () => {
        sent = [];
      },
      guarantee: 'atLeastOnce',
      failing: {
        sink: () => send(() => Promise.reject(new Error('HTTP 500')), { maxRows: 2 }),
        message: /records 0 to 1 of subtask 0: HTTP 500/,
      },
    },
  ],
];

for (const [name, options] of GOOD) {
  for (const { name: rule, run } of sinkConformance({ runs: 5, ...options })) {
    test(`${name}: ${rule}`, run);
  }
}

/** A raw sink that stages rows, and the parts of it that are broken. */
function sinkOf(
  writerParts: (parts: {
    readonly writer: SinkWriter;
    readonly rows: Row[];
  }) => object = () => ({}),
  sinkParts: Partial<Sink<Row>> = {},
): Sink<Row> {
  return {
    name: 'broken',
    descriptor: null,
    createWriter({ runId, subtask }) {
      let tokens = 0;
      const rows: Row[] = [];
      const writer: SinkWriter = {
        isBusy: false,
        write: (batch) => void rows.push(...(batch.rowObjects() as readonly Row[])),
        preCommit() {
          if (rows.length === 0) return [];
          const token = `${runId}-${subtask}-${tokens++}`;
          tables.staged.set(token, rows.splice(0));
          return [token];
        },
        close() {},
      };
      return { ...writer, ...writerParts({ writer, rows }) };
    },
    async commit(all) {
      for (const token of all as readonly string[]) tables.show(token);
    },
    async discard(all) {
      for (const token of all as readonly string[]) tables.staged.delete(token);
    },
    ...sinkParts,
  };
}

test('the sink that the broken ones are made of passes', async () => {
  for (const { run } of sinkConformance({ ...inTables, sink: () => sinkOf() })) await run();
});

let shown = 0;
/** Shows rows under a new token each time. */
const append = (rows: readonly Row[]): void => void tables.shown.set(`${shown++}`, rows);

const BROKEN: readonly (readonly [string, () => Sink<Row>, RegExp, RegExp])[] = [
  [
    'rows that are shown as they are written',
    () => sinkOf(() => ({ write: (batch: Batch) => append(batch.rowObjects() as Row[]) })),
    /nothing is seen before/,
    /behind write: missing none; too many/,
  ],
  [
    'rows that are shown by preCommit',
    () =>
      sinkOf(({ rows }) => ({
        preCommit() {
          append(rows.splice(0));
          return [];
        },
      })),
    /nothing is seen before|what is discarded/,
    /too many/,
  ],
  [
    'rows that are shown by close',
    () => sinkOf(({ rows }) => ({ close: () => append(rows) })),
    /cancelled/,
    /too many/,
  ],
  [
    'a commit that appends',
    () =>
      sinkOf(undefined, {
        async commit(all) {
          for (const token of all as readonly string[]) append(tables.staged.get(token)!);
        },
      }),
    /a commit may be repeated/,
    /too many/,
  ],
  [
    'a commit that works once, in the run that prepared it',
    () => {
      const own = new Set<string>();
      const sink = sinkOf();
      return {
        ...sink,
        createWriter(context) {
          const writer = sink.createWriter(context);
          return {
            ...writer,
            preCommit(isEnd) {
              const tokens = writer.preCommit(isEnd) as readonly string[];
              for (const token of tokens) own.add(token);
              return tokens;
            },
          };
        },
        async commit(all) {
          for (const token of all as readonly string[]) if (own.has(token)) tables.show(token);
        },
      };
    },
    /between pre-commit and commit/,
    /missing/,
  ],
  [
    'a commit of the last committable only',
    () =>
      sinkOf(undefined, {
        commit: async (all) => tables.show(all.at(-1) as string),
      }),
    /several checkpoints in one/,
    /missing/,
  ],
  [
    'the same token in each run',
    () => {
      const sink = sinkOf();
      return { ...sink, createWriter: (place) => sink.createWriter({ ...place, runId: 'x' }) };
    },
    /between pre-commit and commit|restored by/,
    /missing/,
  ],
  [
    'the same token for each subtask',
    () => {
      const sink = sinkOf();
      return { ...sink, createWriter: (place) => sink.createWriter({ ...place, subtask: 0 }) };
    },
    /all rows are seen/,
    /missing/,
  ],
  [
    'rows behind the checkpoint that are kept by a restart',
    () =>
      sinkOf(({ rows }) => {
        rows.push(...left);
        return { close: () => void left.push(...rows.splice(0)) };
      }),
    /written again/,
    /too many/,
  ],
  [
    'batches that are kept, not their rows',
    () =>
      sinkOf(({ writer, rows }) => {
        const batches: Batch[] = [];
        return {
          write: (batch: Batch) => void batches.push(batch),
          preCommit(isEnd: boolean) {
            for (const batch of batches.splice(0)) rows.push(...(batch.rowObjects() as Row[]));
            return writer.preCommit(isEnd);
          },
        };
      }),
    /batches of any size/,
    /missing|too many/,
  ],
  [
    'committables that are no plain data',
    () =>
      sinkOf(({ writer }) => ({
        preCommit: (isEnd: boolean) => [new Map([['tokens', writer.preCommit(isEnd)]])],
      })),
    /all rows are seen/,
    /a committable is no plain data/,
  ],
  [
    'a state that is lost when there are fewer subtasks',
    () => {
      const sink = sinkOf();
      return {
        ...sink,
        createWriter(place) {
          const [kept = []] = place.restored as readonly (readonly PlainData[])[];
          const rows = [...kept] as Row[];
          return {
            isBusy: false,
            write: (batch) => void rows.push(...(batch.rowObjects() as readonly Row[])),
            // All rows are state until the end.
            preCommit(isEnd) {
              if (isEnd) tables.staged.set(`${place.runId}-${place.subtask}`, rows);
              return isEnd ? [`${place.runId}-${place.subtask}`] : [];
            },
            snapshot: () => [rows.map((row) => ({ ...row }))],
            close() {},
          };
        },
      };
    },
    /restored by 1, 2, 3 and 1/,
    /missing/,
  ],
  ['busy for ever', () => sinkOf(() => ({ isBusy: true })), /all rows are seen/, /stays so/],
];

/** Of writers that were closed, in the broken sink that keeps them. */
let left: Row[] = [];

for (const [what, sink, rule, message] of BROKEN) {
  test(`it catches: ${what}`, async () => {
    const clear = (): void => {
      tables.clear();
      left = [];
    };
    const cases = sinkConformance({
      ...inTables,
      sink,
      clear,
      schema: Row,
      patience: '20 ms',
    }).filter(({ name }) => rule.test(name));
    assert.notEqual(cases.length, 0);
    for (const { run } of cases) await assert.rejects(run, message);
  });
}

test('it catches: a sink that promises each row once, and sends some again', async () => {
  const cases = sinkConformance({
    sink: () => send((rows: readonly Row[]) => void sent.push(...rows)),
    row: rowOf,
    visible: () => sent,
    clear: () => {
      sent = [];
    },
  });
  const again = cases.find(({ name }) => name.startsWith('rows behind a checkpoint'))!;
  await assert.rejects(again.run, /too many/);
});

test('it catches: rows that are lost, and rows that nobody wrote, of a sink that may send some again', async () => {
  const suite = (call: (rows: readonly Row[]) => void) =>
    sinkConformance({
      sink: () => send(call),
      row: rowOf,
      visible: () => sent,
      clear: () => {
        sent = [];
      },
      guarantee: 'atLeastOnce',
    })[0]!.run;
  await assert.rejects(
    suite((rows) => void sent.push(...rows.slice(1))),
    /missing \{ n: 0,/,
  );
  await assert.rejects(
    suite((rows) => void sent.push(...rows, { n: -1, text: '' })),
    /nobody wrote/,
  );
});

test('options that are none are refused', () => {
  assert.throws(() => sinkConformance({} as never), { code: 'JOB_DEFINITION' });
});
