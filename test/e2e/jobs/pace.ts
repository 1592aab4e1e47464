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

const ARRIVALS = 'millrace test arrivals';
const arrivals = new BroadcastChannel(ARRIVALS);
arrivals.unref();

const slow = job(import.meta, 'slow', (flow) => {
  flow
    .from(generate({ schema: Row, row: (n) => ({ n }) }), { rate: 10, parallelism: 1 })
    .rebalance()
    .filter((row) => row.n >= 0)
    .to(sink('arrivals', (batch) => arrivals.postMessage(batch.rowCount)));
});

/** Resolves when so many rows of the slow source are at the sink. */
export async function firstArrivals(options: RunOptions, count: number): Promise<void> {
  let arrived = 0;
  const listener = new BroadcastChannel(ARRIVALS);
  const client = await slow.start(options);
  await new Promise<void>((resolve) => {
    listener.onmessage = (event: unknown) => {
      arrived += (event as { data: number }).data;
      if (arrived >= count) resolve();
    };
  });
  await client.cancel();
  listener.close();
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
