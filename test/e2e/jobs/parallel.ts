/** A job whose function keeps a processor busy, and what a plain loop makes of the same records. */
import { isMainThread, threadId } from 'node:worker_threads';
import { collection, generate, job, monotonous, record, t, tumbling } from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const COUNT = 3000;

const Block = record({ id: t.int32, seed: t.int32, time: t.timestamp });
const block = (id: number) => ({ id, seed: Math.imul(id, 2654435761) | 0, time: id });

/** As much work as a real function might have. */
function work(seed: number): number {
  let x = seed | 1;
  for (let n = 0; n < 20_000; n++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

export const working = job(import.meta, 'working', (flow) => {
  const worked = flow
    .from(heldRows(flow, { schema: Block, count: COUNT, row: block }), {
      rate: flow.param('rate', 0),
    })
    .eventTime('time', monotonous())
    .mapParallel(({ id, seed }) => ({ id, x: work(seed) }), {
      threads: flow.param('poolThreads', 2),
      batchRows: 16,
      ordered: flow.param('ordered', true),
    });
  worked.to(files(flow.param('out', 'worked'), jsonLines()));
  const counts = worked
    .keyBy(() => 0)
    .window(tumbling(100))
    .aggregate(({ count }) => ({ blocks: count() }));
  return { counts };
});

export const expectedBlocks = () =>
  Array.from({ length: COUNT }, (_, id) => ({ id, x: work(block(id).seed) }));

export const expectedCount = COUNT;

/** Where the function of a step runs. */
export const places = job(import.meta, 'places', (flow) => {
  const seen = flow
    .from(generate({ schema: Block, count: 200, row: block }), { parallelism: 1 })
    .mapParallel(() => ({ isMainThread, threadId }), { threads: 1, batchRows: 10 });
  return { seen };
});

class Temperature {
  degrees = 21;
}

/** Values of many kinds, there and back. */
export const values = [
  { a: -0, b: undefined },
  { b: 5n },
  { d: new Date(5), map: new Map([[1, new Set(['x'])]]), list: [1, { deep: Number.NaN }] },
  { bytes: new Uint8Array([1, 2]) },
  new Temperature(),
  'text',
  null,
  [1, 2],
];

export const echo = job(import.meta, 'echo', (flow) => {
  const echoed = flow
    .from(collection<unknown>(values), { parallelism: 1 })
    .mapParallel((value) => value, { threads: 1, batchRows: 2 });
  return { echoed };
});

export const failing = job(import.meta, 'failing', (flow) => {
  const answers = flow
    .from(generate({ schema: Block, count: COUNT, row: block }), { parallelism: 1 })
    .mapParallel(
      ({ id }) => {
        if (id === 1234) throw new RangeError('no such block');
        return id;
      },
      { threads: 2, batchRows: 10 },
    )
    .parallelism(1);
  return { answers };
});

export const stuck = job(import.meta, 'stuck', (flow) => {
  const isHandled = flow.param('isHandled', false);
  const answers = flow
    .from(generate({ schema: Block, count: 40, row: block }), { parallelism: 1 })
    .mapParallel(
      ({ id }): number => {
        if (id === 20) for (;;);
        return id;
      },
      {
        threads: 2,
        batchRows: 1,
        timeout: '4 s',
        ...(isHandled ? { onTimeout: () => -1 } : {}),
      },
    )
    .parallelism(1);
  return { answers };
});

export const endless = job(import.meta, 'endless', (flow) => {
  const answers = flow
    .from(generate({ schema: Block, count: 40, row: block }))
    .mapParallel((): number => {
      for (;;);
    });
  return { answers };
});

/** A thread that leaves. */
export const leaving = job(import.meta, 'leaving', (flow) => {
  const answers = flow
    .from(generate({ schema: Block, count: 40, row: block }), { parallelism: 1 })
    .mapParallel(({ id }) => (id === 20 ? process.exit(3) : id), { threads: 1, batchRows: 1 })
    .parallelism(1);
  return { answers };
});
