/** A job of forty tasks that part and meet again, with names longer than their boxes. */
import { blackhole, generate, job, record, type Stream, t } from 'millrace';

const Tick = record({ n: t.int32 });
const SOURCES = 4;
const STEPS = 8;

export const wide = job(import.meta, 'wide', (flow) => {
  const ends: Stream<{ n: number }>[] = [];
  for (let source = 0; source < SOURCES; source++) {
    let stream: Stream<{ n: number }> = flow.from(
      generate({ schema: Tick, count: 2_000_000_000, row: (n) => ({ n }) }),
      { name: `ticks ${source}`, rate: 50, parallelism: 1 },
    );
    for (let step = 1; step < STEPS; step++) {
      const name =
        step % 3 === 0
          ? `step ${step} of ${source}, which has a name that is too long for any box to hold it`
          : `step ${step}`;
      stream = stream
        .rebalance()
        .map(({ n }) => ({ n: n + 1 }))
        .name(name)
        .description(`Adds one to what came from ${source}`)
        .map(({ n }) => ({ n: n - 1 }))
        .name('back');
      if (step === 4) stream.rebalance().to(blackhole());
    }
    ends.push(stream);
  }
  const [first, ...others] = ends;
  const all = first!.union(...others);
  for (let sink = 0; sink < 4; sink++) {
    all
      .rebalance()
      .filter(({ n }) => n % 4 === sink)
      .name(`quarter ${sink}`)
      .to(blackhole());
  }
});
