/**
 * The jobs that are compared with a peer's, over the records of shape.ts; Jobs.java in native-bench/peers/flink has the same.
 * `typed` aggregates columns; `functions` calls functions of the user with objects, as the peer does.
 */
import { type Flow, job, monotonous, session, sliding, tumbling } from 'millrace';
import { CEP_JOBS } from './cep-jobs.ts';
import { end, load, plusOne } from './load.ts';
import { MICRO_JOBS } from './micro-jobs.ts';

type Totals = { count: number; sum: number };

/** Source, map, filter and sink. */
const chain = job(import.meta, 'chain', (flow) => {
  end(
    flow,
    load(flow)
      .map(plusOne)
      .filter(({ key }) => (key & 7) !== 0),
  );
});

/** Source, exchange, map and sink. */
const rebalance = job(import.meta, 'rebalance', (flow) => {
  end(flow, load(flow).rebalance().map(plusOne));
});

/** Source, exchange by key, sink: what the keyed exchange costs by itself. */
const keyBy = job(import.meta, 'key-by', (flow) => {
  end(flow, load(flow).partitionBy('key'));
});

/** The running sum of each key, for every record. */
const reduceTyped = job(import.meta, 'reduce-typed', (flow) => {
  end(flow, load(flow).keyBy('key').sum('value'));
});

const reduceFunctions = job(import.meta, 'reduce-functions', (flow) => {
  end(
    flow,
    load(flow)
      .keyBy((row) => row.key)
      .reduce((sum, { value }) => ({ key: sum.key, value: sum.value + value, time: sum.time })),
  );
});

type Window = ReturnType<typeof tumbling> | ReturnType<typeof session>;
/** For the compiler, one kind stands for both: results have the same fields. */
type AsTumbling = ReturnType<typeof tumbling>;

/** The windows of a job by its name, of sizes that are parameters. */
const WINDOWS: Readonly<Record<string, (flow: Flow) => Window>> = {
  tumbling: (flow) => tumbling(flow.param('size-ms', 10_000)),
  sliding: (flow) => sliding(flow.param('size-ms', 10_000), flow.param('slide-ms', 1000)),
  session: (flow) => session(flow.param('gap-ms', 301)),
};

/** Count and sum of each key and window, by columns. */
const windowTyped = (name: string) =>
  job(import.meta, `${name}-typed`, (flow) => {
    const totals = load(flow)
      .eventTime('time', monotonous())
      .keyBy('key')
      .window(WINDOWS[name]!(flow) as AsTumbling)
      .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }));
    end(flow, totals);
  });

/** The same by functions of the user, each of which is given an object. */
const windowFunctions = (name: string) =>
  job(import.meta, `${name}-functions`, (flow) => {
    const totals = load(flow)
      .eventTime((row) => row.time, monotonous())
      .keyBy((row) => row.key)
      .window(WINDOWS[name]!(flow) as AsTumbling)
      .aggregate(({ aggregate }) => ({
        totals: aggregate({
          create: (): Totals => ({ count: 0, sum: 0 }),
          add(totals, row) {
            totals.count++;
            totals.sum += row.value;
            return totals;
          },
          merge(a, b) {
            a.count += b.count;
            a.sum += b.sum;
            return a;
          },
          result: (totals) => totals,
        }),
      }))
      .map(({ key, windowStart, windowEnd, totals }) => ({
        key,
        windowStart,
        windowEnd,
        count: totals.count,
        sum: totals.sum,
      }));
    end(flow, totals);
  });

/** Each job in the forms that it has. */
export const JOBS = {
  chain: { functions: chain },
  rebalance: { functions: rebalance },
  'key-by': { functions: keyBy },
  reduce: { typed: reduceTyped, functions: reduceFunctions },
  tumbling: { typed: windowTyped('tumbling'), functions: windowFunctions('tumbling') },
  sliding: { typed: windowTyped('sliding'), functions: windowFunctions('sliding') },
  session: { typed: windowTyped('session'), functions: windowFunctions('session') },
  ...CEP_JOBS,
  ...MICRO_JOBS,
};
