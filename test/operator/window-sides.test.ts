/** Side outputs and metrics of functions of windows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../src/api/emits.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import { value } from '../../src/api/state.ts';
import type { Stream } from '../../src/api/stream.ts';
import { continuousEventTimeTrigger, countTrigger, purging } from '../../src/api/triggers.ts';
import {
  customWindow,
  globalWindow,
  session,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
} from '../../src/api/windows.ts';
import { BATCH_ROWS } from '../../src/base/limits.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { t } from '../../src/data/schema.ts';
import { createGeneralWindow } from '../../src/operator/window/general/create-general-window.ts';
import { harness } from '../../src/testing/harness.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryBatchMode, inEveryMode, type Mode } from '../modes.ts';
import { ALONE, OneSubtask } from './one-subtask.ts';
import { both, keyed, odd, onSum, shown } from './sides.ts';
import { push, Row } from './window-records.ts';

const over = sideOutput<{ window: string }>('over');
const late = sideOutput<Row>('late row');

/** Where records of a key keep their order. */
const inOrder = ({ batchSize, parallelism }: Mode): boolean => batchSize === 1 || parallelism === 1;

/** Emits sums that are even. */
const sums = {
  emits: type<string>(),
  onWindow(
    ctx: Parameters<typeof onSum>[0] & { readonly key?: unknown },
    rows: readonly Row[],
  ): void {
    onSum(
      ctx,
      Object.values(ctx.key ?? {}).join(''),
      rows.reduce((sum, { v }) => sum + v, 0),
    );
  },
};

inEveryMode(
  'a function of all rows sends rows aside, at the end of the window, and counts',
  Row,
  (rows) => keyed(rows).window(tumbling(10)).process(sums),
  (h) => {
    push(h, 'a 1@1, b 5@2, a 2@3, a 4@11, c 2@4');
    h.watermark(9);
    assert.deepEqual(both(h), [['c2@9'], ['a3@9', 'b5@9']]);
    push(h, 'b 1@12');
    h.watermark(30);
    assert.deepEqual(both(h), [['a4@19'], ['b1@19']]);
    assert.deepEqual(h.userMetrics().counters, { windows: 5 });
  },
);

inEveryMode(
  'a function behind aggregates, and one behind reduce',
  Row,
  (rows) => {
    const windows = keyed(rows).window(tumbling(10));
    const aggregated = windows.aggregate(({ sum }) => ({ sum: sum('v') }), {
      emits: type<string>(),
      onWindow: (ctx, row) => onSum(ctx, `aggregated ${row.k}`, row.sum),
    });
    const reduced = windows.reduce((a, b) => ({ k: a.k, v: a.v + b.v }), {
      emits: type<string>(),
      onWindow: (ctx, { k, v }) => onSum(ctx, `reduced ${k}`, v),
    });
    // The harness reads those of the one that comes last.
    return aggregated.union(aggregated.sideOutput(odd)).union(reduced);
  },
  async (h) => {
    push(h, 'a 1@1, b 2@2, a 2@3');
    await h.end();
    assert.deepEqual(both(h), [
      ['aggregated a3@9', 'aggregated b2@9', 'reduced b2@9'],
      ['reduced a3@9'],
    ]);
  },
);

inEveryMode(
  'windows of all records, and of counts',
  Row,
  (rows) => {
    const all = rows.windowAll(tumbling(10)).process(sums);
    const counts = keyed(rows).window(tumblingCount(2)).process(sums);
    const last = keyed(rows).window(slidingCount(2, 1)).process(sums);
    return all.union(all.sideOutput(odd), counts, counts.sideOutput(odd), last);
  },
  async (h) => {
    push(h, 'a 1@1, b 2@2, a 2@3, b 4@5');
    await h.end();
    assert.deepEqual(both(h), [
      ['9@9', 'a3@3', 'b2@2', 'b6@5', 'b6@5'],
      ['a1@1', 'a3@3'],
    ]);
  },
  inOrder,
);

inEveryMode(
  'sessions that merge send aside what the merged one has, again for late rows',
  Row,
  (rows) => keyed(rows).window(session(5)).allowedLateness(20).lateTo(late).process(sums),
  (h) => {
    push(h, 'a 1@1, a 2@8');
    h.watermark(13);
    assert.deepEqual(both(h), [['a2@12'], ['a1@5']]);
    push(h, 'a 4@5');
    assert.deepEqual(both(h), [[], ['a7@12']]);
    push(h, 'b 4@25');
    h.watermark(40);
    both(h);
    push(h, 'a 9@1');
    assert.deepEqual(both(h), [[], []]);
    assert.deepEqual(shown(h.take(late)), ['{"k":"a","v":9}@1']);
  },
);

inEveryMode(
  'windows that fire before their end, and are emptied',
  Row,
  (rows) =>
    keyed(rows)
      .window(tumbling(20))
      .trigger(purging(continuousEventTimeTrigger(10)))
      .process(sums),
  (h) => {
    push(h, 'a 1@1, b 2@2, a 3@12');
    h.watermark(15);
    assert.deepEqual(both(h), [['a4@19', 'b2@19'], []]);
    push(h, 'a 3@16');
    h.watermark(25);
    assert.deepEqual(both(h), [[], ['a3@19']]);
  },
  inOrder,
);

inEveryMode(
  'a window without bounds sends rows aside at the time of its trigger',
  Row,
  (rows) => keyed(rows).window(globalWindow()).trigger(countTrigger(1)).process(sums),
  (h) => {
    push(h, 'a 1@1, a 1@4, a 1@6');
    assert.deepEqual(both(h), [['a2@4'], ['a1@1', 'a3@6']]);
  },
  inOrder,
);

inEveryMode(
  'a window that is over sends aside what it was, as it was',
  Row,
  (rows) =>
    keyed(rows)
      .window(tumbling(10))
      .allowedLateness(5)
      .process({
        emits: type<{ window: string }>(),
        state: { cleared: value(t.int32, { default: 0 }) },
        windowState: () => ({ window: '' }),
        onWindow(ctx, windowRows) {
          ctx.windowState.window += `${ctx.key.k}${windowRows.length} `;
          ctx.output(over, ctx.windowState);
        },
        onClear(ctx) {
          ctx.metrics.gauge('cleared').set(ctx.state.cleared.update((n) => n + 1));
          ctx.windowState.window += 'over';
          ctx.output(over, ctx.windowState);
        },
      }),
  (h) => {
    push(h, 'a 1@1, a 3@3, b 2@2');
    h.watermark(12);
    push(h, 'a 3@5');
    const rows = ['{"window":"a2 "}@9', '{"window":"a2 a3 "}@9', '{"window":"b1 "}@9'];
    assert.deepEqual([shown(h.take()), shown(h.take(over))], [[], rows]);
    h.watermark(14);
    const cleared = ['{"window":"a2 a3 over"}@9', '{"window":"b1 over"}@9'];
    assert.deepEqual([shown(h.take()), shown(h.take(over))], [[], cleared]);
  },
);

/** Windows with gaps between, and those of a function that gives none, or what is long over. */
const GAPS = {
  'sliding, cut into panes': (rows: Stream<Row>) =>
    keyed(rows)
      .window(sliding(4, 10))
      .lateTo(late)
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  'sliding, all rows': (rows: Stream<Row>) =>
    keyed(rows).window(sliding(4, 10)).lateTo(late).process(sums),
} as const;

for (const [name, windows] of Object.entries(GAPS)) {
  inEveryMode(
    `a row between two windows is late when the watermark has passed it: ${name}`,
    Row,
    windows as (rows: Stream<Row>) => Stream<unknown>,
    (h) => {
      h.watermark(6);
      push(h, 'a 1@5, a 2@6, a 3@7, a 4@11, a 5@6, a 6@2, a 7@8');
      h.watermark(20);
      const rows = ['{"k":"a","v":1}@5', '{"k":"a","v":2}@6', '{"k":"a","v":5}@6'];
      assert.deepEqual(shown(h.take(late)), [...rows, '{"k":"a","v":6}@2'].sort());
    },
  );
}

inEveryMode(
  'a row is late when all its windows and its own time are over: windows by a function',
  Row,
  (rows) =>
    keyed(rows)
      .window(
        customWindow<Row>({
          assign: ({ v }) => (v === 0 ? [] : [{ windowStart: v - 1, windowEnd: v }]),
        }),
      )
      .allowedLateness(3)
      .lateTo(late)
      .process(sums),
  (h) => {
    h.watermark(10);
    // In no window; in one that is over, by rows that are not; in one that is open.
    push(h, 'a 0@5, a 0@7, a 0@8, a 5@7, a 5@8, a 5@20, a 9@1, a 30@1');
    h.watermark(40);
    const rows = ['{"k":"a","v":0}@5', '{"k":"a","v":0}@7', '{"k":"a","v":5}@7'];
    assert.deepEqual(shown(h.take(late)), rows);
  },
);

inEveryBatchMode(
  'in batch, by event time and by the clock',
  Row,
  (rows) => {
    const byTime = keyed(rows).window(tumbling(10)).process(sums);
    const byClock = keyed(rows)
      .window(tumbling(1000, { time: 'processing' }))
      .process({
        emits: type<string>(),
        onWindow: (ctx, windowRows) => ctx.output(odd, `${ctx.key.k}${windowRows.length}`),
      });
    return byTime.union(byTime.sideOutput(odd), byClock);
  },
  async (h) => {
    push(h, 'a 1@1, b 2@2, a 2@3');
    await h.end();
    assert.deepEqual(both(h), [
      ['a3@9', 'b2@9'],
      ['a2@999', 'b1@999'],
    ]);
  },
);

test('windows whose rows all go aside wait while the side output is full', () => {
  const sent: unknown[] = [];
  const aside = {
    emit(batch: Batch): void {
      sent.push(...batch.rowObjects());
      alone.room = 0;
    },
  };
  const alone = new OneSubtask(
    createGeneralWindow({
      key: { kind: 'fields', fields: ['v'] },
      window: {
        assigner: { kind: 'tumbling', time: 'event', sizeMs: 10, slideMs: 10, offsetMs: 0 },
        assignBy: null,
        trigger: { kind: 'eventTime' },
        evictor: null,
        latenessMs: 0,
        work: { kind: 'process', process: 0 },
        states: [],
      },
      inputSchema: Row,
      functions: [
        {
          onWindow(ctx: { key: { v: number }; output(side: object, row: unknown): void }): void {
            ctx.output(odd, ctx.key.v);
          },
        },
      ],
      emits: null,
      lateTo: null,
    }),
    ALONE,
    [],
    new Map([['odd', aside]]),
  );
  const keys = 2 * BATCH_ROWS + 5;
  const rows = new BatchBuilder(Row, keys);
  for (let v = 0; v < keys; v++) rows.appendRow({ k: '', v }, 1);
  alone.operator.processBatch(rows.seal(), 0);
  alone.operator.processWatermark(9);
  for (const count of [BATCH_ROWS, 2 * BATCH_ROWS]) {
    assert.deepEqual([sent.length, alone.operator.hasPendingWork], [count, true]);
    alone.room = Infinity;
    alone.operator.resume();
  }
  assert.deepEqual([sent.length, alone.operator.hasPendingWork], [keys, false]);
});

test('counters go on behind a restart with other subtasks, and behind the end', async () => {
  const h = await harness2<Row, Row, string>((first, second) =>
    keyed(first)
      .window(tumbling(10))
      .process(sums)
      .union(keyed(second).window(tumbling(10)).process(sums)),
  );
  h.pushFirst({ k: 'a', v: 2 }, 1);
  h.watermarkFirst(20);
  assert.deepEqual(h.userMetrics().counters, { windows: 1 });
  await h.restart({ parallelism: 3 });
  h.pushFirst({ k: 'a', v: 2 }, 31);
  await h.endFirst();
  assert.deepEqual(h.userMetrics().counters, { windows: 2 });
  await h.restart({ parallelism: 2 });
  h.pushSecond({ k: 'b', v: 2 }, 31);
  await h.end();
  assert.deepEqual(h.userMetrics().counters, { windows: 3 });
});

test('a side output that nobody reads, of a step that is named', async () => {
  const h = await harness<Row, string>((rows) =>
    keyed(rows)
      .window(tumbling(10))
      .process({
        emits: type<string>(),
        // A harness reads all side outputs that were made before.
        onWindow: (ctx) => ctx.output(sideOutput<string>('of no one'), 'x'),
      })
      .name('shifts'),
  );
  push(h, 'a 1@1');
  assert.throws(() => h.watermark(20), {
    code: 'JOB_DEFINITION',
    message: /shifts.*nobody reads the side output 'of no one': read it by .sideOutput/s,
  });
});

test('the context of a window is of no use when its function has returned', async () => {
  let kept: { emit(row: string): void; output(side: typeof odd, row: string): void } | null = null;
  const h = await harness<Row, string>((rows) =>
    keyed(rows)
      .window(tumbling(10))
      .process({
        emits: type<string>(),
        onWindow(ctx) {
          kept = ctx;
        },
      }),
  );
  push(h, 'a 1@1');
  h.watermark(20);
  assert.throws(() => kept!.emit('x'), { code: 'JOB_DEFINITION', message: /ctx.emit was used/ });
  assert.throws(() => kept!.output(odd, 'x'), { message: /ctx.output was used/ });
});

test('what is thrown behind a side output is not the fault of the function', async () => {
  const h = await harness<Row, unknown>((rows) => {
    const sent = keyed(rows)
      .window(tumbling(10))
      .process({
        emits: type<string>(),
        onWindow: (ctx) => {
          for (let n = 0; n <= BATCH_ROWS; n++) ctx.emit('x');
        },
      })
      .name('shifts');
    return sent
      .map(() => {
        throw new Error('behind');
      })
      .name('behind');
  });
  push(h, 'a 1@1');
  assert.throws(() => h.watermark(20), { message: /^operator 'behind'/ });
});
