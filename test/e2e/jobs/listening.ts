/**
 * A job whose functions show by gauges what they were told of checkpoints, in each subtask of four kinds of process functions. It
 * fails once when there is a file `failing`.
 */
import { existsSync, rmSync } from 'node:fs';
import {
  blackhole,
  generate,
  job,
  map,
  monotonous,
  type ProcessPlace,
  record,
  type Stream,
  t,
} from 'millrace';

const Tick = record({ n: t.int32, key: t.int32, at: t.timestamp });

export const listening = job(import.meta, 'listening', (flow) => {
  const slowMs = flow.param('slowMs', 0);
  const failing = flow.param('failing', '');
  const ticks = (name: string): Stream<{ n: number; key: number; at: number }> =>
    flow
      .from(generate({ schema: Tick, row: (n) => ({ n, key: n % 97, at: n }) }), {
        name,
        rate: 5_000,
      })
      .eventTime('at', monotonous());
  /** Its subtasks share the definition where they share a thread, so that each has gauges of its own in an array. */
  const listener = () => {
    const places: ProcessPlace[] = [];
    const set = (name: string, id: number): void => {
      for (const { metrics } of places) metrics.gauge(name).set(id);
    };
    return {
      emits: Tick,
      open(place: ProcessPlace) {
        places.push(place);
      },
      onCheckpointComplete: (id: number) => set('complete', id),
      onCheckpointAborted: (id: number) => set('aborted', id),
    };
  };
  const [first, second] = [ticks('first'), ticks('second')];
  const pass = (): void => {};
  const slow = ({ n }: { n: number }): void => {
    if (failing !== '' && n % 10 === 0 && existsSync(failing)) {
      rmSync(failing, { force: true });
      throw new Error('as it was told to');
    }
    const end = performance.now() + slowMs;
    while (performance.now() < end);
  };
  const keyed = first.keyBy('key');
  const outputs = [
    keyed.process({ ...listener(), onRecord: slow }).name('keyed'),
    first.process({ ...listener(), onRecord: pass }).name('unkeyed'),
    keyed
      .connect(second.keyBy('key'))
      .process({ ...listener(), onFirst: pass, onSecond: pass })
      .name('connected'),
    keyed
      .connect(second.broadcast({ seen: map(t.int32, t.int32) }))
      .process({ ...listener(), onRecord: pass, onBroadcast: pass })
      .name('broadcast'),
  ];
  for (const output of outputs) output.to(blackhole());
});
