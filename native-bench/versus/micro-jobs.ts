/**
 * The jobs of the micro list that are no others: single parts of an engine, of which Flink's own benchmarks have the like.
 * MicroJobs.java has the same.
 */
import {
  endOfStreamTrigger,
  type Flow,
  globalWindow,
  job,
  list,
  map,
  monotonous,
  record,
  t,
  type,
  value,
} from 'millrace';
import { end, load, plusOne, type Row } from './load.ts';

const Result = record({ key: t.int32, value: t.float64 });

const mapSink = job(import.meta, 'map-sink', (flow) => {
  end(flow, load(flow).map(plusOne));
});

/** Pairs as arrays. */
const keyByArray = job(import.meta, 'key-by-array', (flow) => {
  end(
    flow,
    load(flow)
      .map(({ key, value }): [number, number] => [key, value])
      .partitionCustom(
        (key: number, subtasks) => key % subtasks,
        (pair) => pair[0],
      ),
  );
});

const twoInputs = job(import.meta, 'two-inputs', (flow) => {
  const [first, second] = [0, 1].map((source) => load(flow, { source, of: 2 }));
  end(flow, first!.connect(second!).map({ first: plusOne, second: plusOne }));
});

const global = job(import.meta, 'global', (flow) => {
  const sums = load(flow)
    .eventTime((row) => row.time, monotonous())
    .keyBy((row) => row.key)
    .window(globalWindow())
    .trigger(endOfStreamTrigger())
    .reduce((sum, { value }) => ({ key: sum.key, value: sum.value + value, time: sum.time }));
  end(
    flow,
    sums.map(({ key, value }) => ({ key, value })),
  );
});

/** A hundred under way, each of which answers in the same turn of the event loop. */
const asynchronous = (ordered: boolean) =>
  job(import.meta, ordered ? 'async-ordered' : 'async-unordered', (flow) => {
    const ask = async (row: Row): Promise<Row> => {
      await null;
      return plusOne(row);
    };
    end(flow, load(flow).mapAsync(ask, { capacity: 100, ordered }));
  });

/** A text, a list of texts and a record within a record, from thread to thread. */
const serializeObjects = job(import.meta, 'serialize-objects', (flow) => {
  end(
    flow,
    load(flow)
      .map(({ key, value, time }) => ({
        name: `customer ${key}`,
        tags: ['new', 'paid', 'sent'],
        payment: { amount: value, time },
      }))
      .rebalance()
      .map(({ name, tags, payment: { amount, time } }) => ({
        key: name.length + tags.length,
        value: amount,
        time,
      })),
  );
});

/** Texts of 1 KiB. */
const serializeTexts = job(import.meta, 'serialize-texts', (flow) => {
  const rest = 'x'.repeat(1024 - 8);
  end(
    flow,
    load(flow)
      .map(({ key }) => ({ text: `${String(key % 1e8).padStart(8, '0')}${rest}` }))
      .rebalance()
      .map(({ text }) => ({ key: Number(text.slice(0, 8)), value: text.length })),
  );
});

/** How often each record reaches for the state of its key. */
const operationsOf = (flow: Flow): number => flow.param('operations', 10);

const stateValue = job(import.meta, 'state-value', (flow) => {
  const operations = operationsOf(flow);
  end(
    flow,
    load(flow)
      .keyBy('key')
      .process({
        emits: Result,
        state: { sum: value(t.float64, { default: 0 }) },
        onRecord({ value }, { key, state, emit }) {
          for (let i = 0; i < operations; i++) state.sum.set(state.sum.get() + value);
          emit({ key: key.key, value: state.sum.get() });
        },
      }),
  );
});

/** Elements are added until there are a hundred, which are then read and dropped. */
const stateList = job(import.meta, 'state-list', (flow) => {
  const operations = operationsOf(flow);
  end(
    flow,
    load(flow)
      .keyBy('key')
      .process({
        emits: Result,
        state: { values: list(t.float64), size: value(t.int32, { default: 0 }) },
        onRecord({ value }, { key, state: { values, size }, emit }) {
          for (let i = 0; i < operations; i++) values.add(value);
          size.set(size.get() + operations);
          if (size.get() < 100) return;
          let sum = 0;
          for (const one of values.get()) sum += one;
          values.clear();
          size.clear();
          emit({ key: key.key, value: sum });
        },
      }),
  );
});

/** Ten entries a key: each record counts in all of them. */
const stateMap = job(import.meta, 'state-map', (flow) => {
  const operations = operationsOf(flow);
  end(
    flow,
    load(flow)
      .keyBy('key')
      .process({
        emits: Result,
        state: { counts: map(t.int32, t.float64) },
        onRecord({ value }, { key, state: { counts }, emit }) {
          for (let i = 0; i < operations; i++) {
            counts.set(i % 10, (counts.get(i % 10) ?? 0) + value);
          }
          emit({ key: key.key, value: counts.get(0) ?? 0 });
        },
      }),
  );
});

/** Each record reads all ten entries. */
const stateMapEntries = job(import.meta, 'state-map-entries', (flow) => {
  end(
    flow,
    load(flow)
      .keyBy('key')
      .process({
        emits: Result,
        state: { last: map(t.int32, t.float64) },
        onRecord({ value }, { key, state: { last }, emit }) {
          last.set(value % 10, value);
          let sum = 0;
          for (const [, one] of last.entries()) sum += one;
          emit({ key: key.key, value: sum });
        },
      }),
  );
});

/** Each record sets a timer that fires one second later; a key has one timer a time. */
const timers = job(import.meta, 'timers', (flow) => {
  end(
    flow,
    load(flow)
      .eventTime('time', monotonous())
      .keyBy('key')
      .process({
        emits: type<{ key: number; value: number }>(),
        onRecord({ time }, { timers }) {
          timers.eventTime(time + 1000);
        },
        onTimer(time, { key, emit }) {
          emit({ key: key.key, value: time });
        },
      }),
  );
});

export const MICRO_JOBS = {
  'map-sink': { functions: mapSink },
  'key-by-array': { functions: keyByArray },
  'two-inputs': { functions: twoInputs },
  global: { functions: global },
  'async-ordered': { functions: asynchronous(true) },
  'async-unordered': { functions: asynchronous(false) },
  'serialize-objects': { functions: serializeObjects },
  'serialize-texts': { functions: serializeTexts },
  'state-value': { functions: stateValue },
  'state-list': { functions: stateList },
  'state-map': { functions: stateMap },
  'state-map-entries': { functions: stateMapEntries },
  timers: { functions: timers },
};
