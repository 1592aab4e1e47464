/**
 * State from a base and deltas against the same state written whole: the same rows for every subtask, whatever was written,
 * removed, dropped, given up and restored between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../src/api/cep/pattern.ts';
import { type } from '../../src/api/emits.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';
import { list, map, reducing, value } from '../../src/api/state.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { continuousEventTimeTrigger, countTrigger, purging } from '../../src/api/triggers.ts';
import { globalWindow, session, sliding, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { Random } from '../../src/base/random.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { StoredStates } from '../../src/task/restored-state.ts';
import { addInput } from '../../src/testing/dataflow.ts';
import { DataflowRun } from '../../src/testing/dataflow-run.ts';
import type { StatesOfNodes } from '../../src/testing/memory-snapshot.ts';
import { Recorder } from '../../src/testing/recorder.ts';

const Event = record({ key: t.int32, name: t.string, n: t.float64 });
type Event = RowOf<typeof Event>;

const GROUPS = 16;
const KEYS = 300;
const RUNS = 12;

type Build = (stream: Stream<Event>) => RowStream<unknown>;

/** Keys that come and go, with states of every kind, that are there for some keys only. */
const functions: Build = (stream) =>
  stream.keyBy('name').process({
    emits: record({ n: t.float64 }),
    state: {
      last: value(t.float64),
      all: list(t.float64),
      by: map(t.int32, t.float64),
      most: reducing(t.float64, Math.max),
    },
    onRecord({ n, key }, { state, timers, timestamp }) {
      switch (n % 7) {
        case 0:
          state.last.clear();
          state.all.clear();
          state.by.clear();
          state.most.clear();
          break;
        case 1:
          state.all.add(n);
          break;
        case 2:
          state.all.clear();
          state.by.set(n % 5, key);
          break;
        case 3:
          state.by.delete((n + 1) % 5);
          state.most.add(n);
          break;
        case 4:
          timers.eventTime((timestamp ?? 0) + (n % 50));
          break;
        case 5:
          break;
        default:
          state.last.set(n);
      }
    },
    onTimer(time, { state }) {
      if (time % 2 === 0) state.last.clear();
      else state.most.add(time);
    },
  });

const CASES: Readonly<Record<string, Build>> = {
  'tumbling windows': (stream) =>
    stream
      .keyBy('key')
      .window(tumbling(40))
      .aggregate(({ count, sum }) => ({ rows: count(), sum: sum('n') })),
  'sliding windows with objects, text keys': (stream) =>
    stream
      .keyBy('name')
      .window(sliding(60, 20))
      .aggregate(({ collect, last }) => ({ all: collect('n'), last: last('n') })),
  'windows of a key that becomes text': (stream) =>
    stream
      .keyBy(({ key, name }) => (key > KEYS - 3 ? name : key))
      .window(tumbling(40))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  'windows by count': (stream) =>
    stream
      .keyBy('key')
      .window(tumblingCount(3))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  rolling: (stream) => stream.keyBy('key', 'name').sum('n'),
  functions,
  'functions of windows': (stream) =>
    stream
      .keyBy('key')
      .window(globalWindow())
      .trigger(purging(countTrigger(2)))
      .process({
        emits: type<number>(),
        state: { rows: value(t.float64, { default: 0 }) },
        onWindow({ state, emit }, rows) {
          emit(state.rows.update((before) => before + rows.length));
        },
      }),
  sessions: (stream) =>
    stream
      .keyBy('name')
      .window(session(20))
      .allowedLateness(10)
      .aggregate(({ collect, count }) => ({ all: collect('n'), rows: count() })),
  'windows that fire early, of a key that becomes text': (stream) =>
    stream
      .keyBy(({ key, name }) => (key > KEYS - 3 ? name : key))
      .window(sliding(60, 20))
      .trigger(continuousEventTimeTrigger(15))
      .reduce((a, b) => ({ key: a.key, name: a.name, n: a.n + b.n })),
  patterns: (stream) =>
    stream
      .keyBy('key')
      .match(
        pattern<Event>()
          .begin('low', ({ n }) => n < 400)
          .followedBy('high', ({ n }) => n > 600)
          .within(60),
      )
      .select(({ low, high }) => high[0].n - low[0].n),
};

/** What the operators of every subtask are given, for some numbers of subtasks. */
function contentsOf(states: StatesOfNodes): string[] {
  const lines: string[] = [];
  for (const [node, ofNode] of states) {
    for (const parallelism of [1, 2, 3]) {
      for (let subtask = 0; subtask < parallelism; subtask++) {
        const share = { subtask, parallelism, maxParallelism: GROUPS };
        for (const { name, kind } of ofNode) {
          if (kind !== 'keyed') continue;
          for (const batch of new StoredStates(ofNode, share).keyed(name)) {
            batch.rowObjects().forEach((row, i) => {
              const place = [node, subtask, parallelism, name, batch.keyHashes![i]];
              lines.push(JSON.stringify([...place, batch.timestamps?.[i] ?? null, row]));
            });
          }
        }
      }
    }
  }
  return lines.sort();
}

function begun(
  build: Build,
  parallelism: number,
  seed: number,
  restored: StatesOfNodes = new Map(),
): DataflowRun {
  const builder = new GraphBuilder('incremental');
  const stream = addInput(builder, { name: 'input', schema: Event });
  const output = build(stream as unknown as Stream<Event>).collectAs('output');
  const { graph, bindings } = builder.finish();
  return new DataflowRun({
    graph,
    bindings: bindings.map((binding, id) =>
      id === output ? { ...binding, sink: new Recorder(Infinity) } : binding,
    ),
    inputNames: ['input'],
    isBatch: false,
    clock: new VirtualClock(0),
    batchSize: 'all',
    isSlow: false,
    parallelism,
    maxParallelism: GROUPS,
    seed,
    isIncremental: true,
    restored,
  });
}

function toRest(run: DataflowRun): void {
  for (let quiet = 0; quiet < 30; ) quiet = run.round() ? 0 : quiet + 1;
}

function batchOf(rows: readonly Event[], times: (n: number) => number): Batch {
  const builder = new BatchBuilder(Event, rows.length);
  for (const [n, row] of rows.entries()) builder.appendRow(row, times(n));
  return builder.seal();
}

/** One piece of a dataflow that is run again and again, each time from the last snapshot. */
class Trial {
  readonly random: Random;
  readonly seen = { deltas: 0, removed: 0, longest: 0 };
  readonly #build: Build;
  #time = 0;
  #restored: StatesOfNodes = new Map();

  constructor(build: Build, seed: number) {
    this.#build = build;
    this.random = new Random(seed);
  }

  /** Some of the keys, close to each other or all over. */
  #addBatch(run: DataflowRun): void {
    const { random } = this;
    const rows = 1 + random.below(random.below(8) === 0 ? KEYS * 2 : 20);
    const events = Array.from({ length: rows }, (): Event => {
      const key = random.below(KEYS);
      return { key, name: `name ${key}`, n: random.below(1000) };
    });
    run.add(0, { batch: batchOf(events, () => this.#time + random.below(100)) });
  }

  /** A snapshot that does not get through, or of which nobody takes notice. */
  #giveUp(run: DataflowRun): void {
    run.beginSnapshot();
    for (let n = this.random.below(8); n > 0; n--) run.round();
  }

  /** One run, up to a snapshot on top of others that is compared with a whole one. */
  runOnce(): void {
    const { random } = this;
    const parallelism = 1 + random.below(3);
    const run = begun(this.#build, parallelism, random.below(1000), this.#restored);
    for (let n = 0; n < 30; n++) {
      const chance = random.below(20);
      if (chance < 10) this.#addBatch(run);
      else if (chance < 12) {
        this.#time += random.below(30);
        run.add(0, { watermark: this.#time });
      } else if (chance < 14) this.#giveUp(run);
      else {
        run.beginSnapshot();
        for (let more = random.below(3); more > 0; more--) this.#addBatch(run);
        toRest(run);
        this.#count(run.snapshot());
      }
      if (random.below(3) === 0) toRest(run);
    }
    toRest(run);
    run.beginSnapshot();
    toRest(run);
    const states = run.snapshot();
    this.#count(states);
    run.beginSnapshot(true);
    toRest(run);
    assert.deepEqual(contentsOf(states), contentsOf(run.snapshot()));
    run.close();
    this.#restored = states;
  }

  #count(states: StatesOfNodes): void {
    for (const { parts } of [...states.values()].flat()) {
      for (const { deltas } of parts) {
        if (deltas.length === 0) continue;
        this.seen.deltas++;
        this.seen.removed += deltas.filter(({ removed }) => removed.length > 0).length;
        this.seen.longest = Math.max(this.seen.longest, deltas.length);
      }
    }
  }
}

for (const [name, build] of Object.entries(CASES)) {
  test(`${name}: base and deltas give what a whole snapshot gives`, () => {
    const seen = { deltas: 0, removed: 0, longest: 0 };
    for (let seed = 0; seed < RUNS; seed++) {
      const trial = new Trial(build, seed);
      for (let run = 0; run < 3; run++) trial.runOnce();
      seen.deltas += trial.seen.deltas;
      seen.removed += trial.seen.removed;
      seen.longest = Math.max(seen.longest, trial.seen.longest);
    }
    assert.ok(seen.deltas > 100 && seen.longest > 3, `there were deltas: ${JSON.stringify(seen)}`);
    if (name === 'functions') assert.ok(seen.removed > 50, 'keys went');
    if (name === 'sessions') assert.ok(seen.removed > 10, 'keys went');
  });
}

for (const [name, build] of Object.entries({
  'windows by count': (stream) =>
    stream
      .keyBy('name')
      .window(tumblingCount(2))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  'global windows that are purged': (stream) =>
    stream
      .keyBy('name')
      .window(globalWindow())
      .trigger(purging(countTrigger(2)))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
} satisfies Record<string, Build>))
  test(`${name}: keys that are forgotten between two snapshots`, () => {
    const run = begun(build, 1, 0);
    const add = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1000) {
        const keys = Array.from({ length: Math.min(1000, to - at) }, (_, n) => at + n);
        const events = keys.map((key): Event => ({ key, name: `name ${key}`, n: key }));
        run.add(0, { batch: batchOf(events, () => 0) });
      }
      toRest(run);
    };
    const snapshot = (isWhole: boolean): string[] => {
      run.beginSnapshot(isWhole);
      toRest(run);
      return contentsOf(run.snapshot());
    };
    add(0, 5000);
    snapshot(false);
    add(100, 5000);
    // With these the keys of which nothing is left are most of all.
    for (let from = 6000; from < 14_000; from += 1000) {
      add(from, from + 1000);
      add(from, from + 1000);
    }
    add(20_000, 20_050);
    const changed = snapshot(false);
    assert.ok(changed.length < 5000 * 3, `${changed.length} rows`);
    assert.deepEqual(changed, snapshot(true));
    run.close();
  });

test('sessions: keys that come, go and are forgotten between two snapshots', () => {
  const run = begun(CASES.sessions!, 1, 0);
  const add = (from: number, to: number, time: number): void => {
    const keys = Array.from({ length: to - from }, (_, n) => from + n);
    const events = keys.map((key): Event => ({ key, name: `name ${key}`, n: key }));
    for (let at = 0; at < events.length; at += 1000) {
      run.add(0, { batch: batchOf(events.slice(at, at + 1000), () => time) });
    }
    toRest(run);
  };
  const snapshot = (isWhole: boolean): string[] => {
    run.beginSnapshot(isWhole);
    toRest(run);
    return contentsOf(run.snapshot());
  };
  add(0, 100, 1000);
  snapshot(false);
  add(100, 5100, 100);
  // They are in a session still, as others are.
  add(0, 50, 1010);
  run.add(0, { watermark: 500 });
  toRest(run);
  const changed = snapshot(false);
  assert.equal(changed.length, 100 * 3);
  assert.deepEqual(changed, snapshot(true));
  run.close();
});
