/**
 * The share of time that garbage collection takes in the threads of a typed keyed job.
 *
 *   gc-share.ts <records>      prints { percent, records }
 *
 * Each thread profiles itself while its sink is open, and the sink hands over what it has seen: the samples that fell
 * into the garbage collector among all at which the thread was not idle.
 */
import { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import { generate, job, monotonous, record, type Sink, t, tumbling } from 'millrace';

const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });
const SAMPLE_US = 500;

type Samples = { readonly collecting: number; readonly busy: number };

let percent = Number.NaN;

function profiled(): Sink {
  return {
    name: 'profiled',
    descriptor: null,
    createWriter: () => {
      const session = new Session();
      session.connect();
      session.post('Profiler.enable');
      session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
      session.post('Profiler.start');
      return {
        isBusy: false,
        write() {},
        preCommit: () => [samplesOf(session)],
        close: () => session.disconnect(),
      };
    },
    async commit(shares) {
      const sum = (of: keyof Samples): number =>
        (shares as Samples[]).reduce((total, share) => total + share[of], 0);
      percent = (100 * sum('collecting')) / sum('busy');
    },
  };
}

function samplesOf(session: Session): Samples {
  let counts: Samples = { collecting: 0, busy: 0 };
  // Within one thread the answer comes before `post` returns.
  session.post('Profiler.stop', (error, answer) => {
    if (error !== null) throw error;
    const { nodes, samples = [] } = answer.profile;
    const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
    const named = (name: string): number => samples.filter((id) => names.get(id) === name).length;
    counts = { collecting: named('(garbage collector)'), busy: samples.length - named('(idle)') };
  });
  if (counts.busy === 0) throw new Error('the profiler has no samples');
  return counts;
}

const watched = job(import.meta, 'watched', (flow) => {
  flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e8),
        fill({ key, value, time }, from, rowCount) {
          for (let i = 0; i < rowCount; i++) {
            const n = from + i;
            key[i] = (Math.imul(n, 0x9e3779b1) >>> 0) % 100_000;
            value[i] = n & 1023;
            time[i] = Math.floor(n / 1000);
          }
        },
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('10 s'))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }))
    .to(profiled());
});

if (isMainThread) {
  const records = Number(process.argv[2]);
  await watched.run({ threads: 2, params: { count: records } });
  console.log(JSON.stringify({ percent, records }));
}
