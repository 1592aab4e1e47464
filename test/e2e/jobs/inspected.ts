/**
 * A job whose threads are looked into: states of every kind, a rolling sum, an edge on which nothing flows. As soon as there is the
 * file `hold`, the step with the states stands still in a record, and says so by a file of that name with '.held' behind it, until
 * `hold` is removed.
 */
import { existsSync, writeFileSync } from 'node:fs';
import {
  blackhole,
  generate,
  job,
  list,
  map,
  monotonous,
  record,
  reducing,
  t,
  value,
} from 'millrace';

const Tick = record({ n: t.int32, user: t.string, at: t.timestamp });
const Total = record({ user: t.string, n: t.int32 });

/** Calls itself, so that V8 cannot make it a part of its caller. */
function turnTheCrank(times: number): number {
  return times === 0 ? 1 : turnTheCrank(times - 1) + turnTheCrank(times - 1);
}

/** Stands still as long as there is the file, and says that it does. */
function holdWhileThere(file: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let isHeld = false; existsSync(file); isHeld = true) {
    if (!isHeld) writeFileSync(`${file}.held`, '');
    Atomics.wait(pause, 0, 0, 10);
  }
}

export const inspected = job(import.meta, 'inspected', (flow) => {
  const hold = flow.param('hold', '');
  const ticks = flow
    .from(
      generate({
        schema: Tick,
        count: 2_000_000_000,
        row: (n) => ({ n: n % 1000, user: `user ${n % 5}`, at: n }),
      }),
      { name: 'ticks', rate: flow.param('rate', 2000), parallelism: 1 },
    )
    .eventTime('at', monotonous());
  ticks
    .keyBy('user')
    .process({
      emits: Total,
      state: {
        first: value(t.int32),
        sum: reducing(t.float64, (a, b) => a + b),
        some: list(t.int32),
        byParity: map(t.string, t.int32),
        place: value(Total),
        never: value(t.string),
      },
      onRecord(row, ctx) {
        if (hold !== '') holdWhileThere(hold);
        turnTheCrank(14);
        const { first, sum, some, byParity, place } = ctx.state;
        if (first.get() === undefined) {
          first.set(row.n);
          place.set({ user: row.user, n: row.n });
          some.add(row.n);
          some.add(-1);
          byParity.set('even', row.n);
        }
        sum.add(1);
        ctx.emit({ user: row.user, n: row.n });
      },
    })
    .name('kept')
    .keyBy('user')
    .max('n')
    .name('most')
    .pin(0)
    .to(blackhole());
  ticks
    .filter(() => false)
    .rebalance()
    .map((row) => row.n)
    .name('nothing')
    .keyBy((n) => n)
    .process({ emits: Total, state: { any: value(t.int32) }, onRecord() {} })
    .name('idle')
    .to(blackhole());
});
