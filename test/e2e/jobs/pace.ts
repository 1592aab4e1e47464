/** Jobs whose pace is the thing: endless, slow at the source, blocked at the sink. */
import { type Batch, generate, job, type RunOptions, record, type Sink, t } from 'millrace';

const Row = record({ n: t.int32 });

/** Does nothing with rows but tell `write`. */
function sink(
  name: string,
  write: (batch: Batch) => void,
  isBusy: () => boolean = () => false,
): Sink {
  return {
    name,
    descriptor: null,
    createWriter: () => ({
      get isBusy() {
        return isBusy();
      },
      write,
      preCommit: () => [],
      close: () => {},
    }),
    commit: async () => {},
  };
}

export const endless = job(import.meta, 'endless', (flow) => {
  flow
    .from(generate({ schema: Row, row: (n) => ({ n }) }), { rate: 5000 })
    .rebalance()
    .map((row) => row)
    .to(sink('silent', () => {}));
});

/** Is aborted while its splits are looked for. */
export function abortsItself(controller: AbortController) {
  const source = generate({ schema: Row, count: 1, row: (n) => ({ n }) });
  return job(import.meta, 'aborts itself', (flow) => {
    flow
      .from({
        ...source,
        discoverSplits: (parallelism) => {
          controller.abort();
          return source.discoverSplits(parallelism);
        },
      })
      .to(sink('silent', () => {}));
  });
}

const ARRIVALS = 'millrace test arrivals';
const arrivals = new BroadcastChannel(ARRIVALS);
arrivals.unref();

/** Tells of its first row, and keeps it. */
export const neverReturns = job(import.meta, 'never returns', (flow) => {
  flow
    .from(generate({ schema: Row, row: (n) => ({ n }) }))
    .map((row) => {
      arrivals.postMessage(1);
      for (;;) if (row.n < 0) return row;
    })
    .to(sink('silent', () => {}));
});

const slow = job(import.meta, 'slow', (flow) => {
  if (flow.param('hasNeighbour', false)) {
    flow.from(generate({ schema: Row, row: (n) => ({ n }) })).to(sink('silent', () => {}));
  }
  const rows = flow.from(generate({ schema: Row, row: (n) => ({ n }) }), {
    rate: 10,
    parallelism: 1,
  });
  const waitMs = flow.param('waitMs', -1);
  if (waitMs >= 0) rows.bufferTimeout(waitMs);
  rows
    .rebalance()
    .filter((row) => row.n >= 0)
    .to(sink('arrivals', (batch) => arrivals.postMessage(batch.rowCount)));
});

/** Resolves when so many rows of the slow source are at the sink. */
export async function firstArrivals(options: RunOptions, count: number): Promise<void> {
  const arrived = arrivalOf(count);
  const client = await slow.start(options);
  await arrived;
  await client.cancel();
}

/** Resolves when so many have been told of on the channel. */
export function arrivalOf(count: number): Promise<void> {
  const listener = new BroadcastChannel(ARRIVALS);
  let left = count;
  return new Promise((resolve) => {
    listener.onmessage = (event: unknown) => {
      left -= (event as { data: number }).data;
      if (left > 0) return;
      listener.close();
      resolve();
    };
  });
}

const intoStuck = job(import.meta, 'into stuck', (flow) => {
  let isBusy = false;
  const stuck = sink(
    'stuck',
    () => {
      isBusy = true;
    },
    () => isBusy,
  );
  flow
    .from(generate({ schema: Row, row: (n) => ({ n }) }))
    .rebalance()
    .to(stuck);
});

/** Records that were read, and written, once nothing moves any more. */
export async function whenBlocked(options: RunOptions): Promise<{ read: number; written: number }> {
  const client = await intoStuck.start(options);
  const look = () => {
    const { records, operators } = client.status();
    return { read: records, written: operators.at(-1)!.recordsIn };
  };
  let now = look();
  for (let before = -1; before !== now.read || now.read === 0; now = look()) {
    before = now.read;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await client.cancel();
  return now;
}
