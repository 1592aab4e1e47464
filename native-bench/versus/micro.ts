/**
 * The micro list: single parts of an engine, in the shapes of Flink's own micro benchmarks. 1000 keys and one record in a ms
 * where nothing else is said, and windows that are longer than most of the data.
 */
import { reported } from '../figure.ts';
import type { Comparison, Form } from './comparison.ts';
import { durations } from './durations.ts';
import { ownProgram } from './own-programs.ts';
import type { Peer } from './peer.ts';
import { throughput } from './throughput.ts';

export type MicroSizes = {
  /** Of each job; null for those of the list. */
  readonly records: number | null;
  /** Of a job that measures checkpoints. */
  readonly seconds: number;
  /** For checkpoints. */
  readonly folder: string;
};

type Micro = {
  readonly id: string;
  readonly what: string;
  /** Of both programs. */
  readonly args: readonly string[];
  readonly records: number;
  readonly forms?: readonly Form[];
};

const M = 1_000_000;
const VERIFIED = M / 2;
const KEYED = ['--keys', '1000', '--per-ms', '1'];
const BOTH = ['typed', 'functions'] as const;

const LIST: readonly Micro[] = [
  { id: 'map-sink', what: 'source, map, sink', args: [], records: 400 * M },
  { id: 'rebalance', what: 'source, rebalance, map, sink', args: [], records: 200 * M },
  { id: 'key-by', what: 'exchange by key, 10 keys', args: ['--keys', '10'], records: 200 * M },
  {
    id: 'key-by-array',
    what: 'exchange of arrays by key, 10 keys',
    args: ['--keys', '10'],
    records: 40 * M,
  },
  { id: 'global', what: 'global window, 1000 keys', args: KEYED, records: 40 * M },
  {
    id: 'tumbling',
    what: 'tumbling 10 000 s, 1000 keys',
    args: [...KEYED, '--size-ms', '10000000'],
    records: 100 * M,
    forms: BOTH,
  },
  {
    id: 'sliding',
    what: 'sliding 10 000 s by 1000 s, 1000 keys',
    args: [...KEYED, '--size-ms', '10000000', '--slide-ms', '1000000'],
    records: 20 * M,
    forms: BOTH,
  },
  {
    id: 'session',
    what: 'sessions with a gap of 500 s, 1000 keys',
    args: [...KEYED, '--gap-ms', '500001'],
    records: 40 * M,
    forms: BOTH,
  },
  { id: 'two-inputs', what: 'two sources, one map of both, sink', args: [], records: 200 * M },
  ...['ordered', 'unordered'].map((order) => ({
    id: `async-${order}`,
    what: `asynchronous function, 100 under way, ${order}`,
    args: [],
    records: 4 * M,
  })),
  {
    id: 'serialize-objects',
    what: 'objects with a text, a list and a record, exchanged',
    args: [],
    records: 10 * M,
  },
  { id: 'serialize-texts', what: 'texts of 1 KiB, exchanged', args: [], records: 4 * M },
  ...Object.entries({
    value: ['10 times get and set of a value', 20 * M],
    list: ['10 elements added to a list; 100 are read and dropped', 20 * M],
    map: ['10 times get and set of an entry of a map', 10 * M],
    'map-entries': ['a set, and the 10 entries of a map read', 10 * M],
  } as const).map(([state, [what, records]]) => ({
    id: `state-${state}`,
    what: `state: a record does ${what}, 1000 keys`,
    args: KEYED,
    records,
  })),
  { id: 'timers', what: 'a timer of event time a record, 1000 keys', args: KEYED, records: 10 * M },
];

/** Without peers, the engine alone. */
export function microComparisons(
  peers: readonly Peer[],
  { records, seconds, folder }: MicroSizes,
): readonly Comparison[] {
  return [
    ...LIST.map(({ id, what, args, records: own, forms = ['functions'] }) => {
      const of = (count: number) => ['--job', id, ...args, '--records', `${count}`];
      return throughput(peers, {
        id,
        what,
        program: 'versus/run-job',
        timed: () => of(records ?? own),
        // Running results depend on the order of the records of a key, which only one subtask has.
        verified: () => [...of(Math.min(records ?? VERIFIED, VERIFIED)), '--parallelism', '1'],
        forms: Object.fromEntries(forms.map((form) => [form, null])),
      });
    }),
    ...(['aligned', 'unaligned'] as const).map((kind) => {
      const args = ['--job', 'checkpoint', '--seconds', `${seconds}`, '--checkpoint-ms', '10'];
      const all = [...args, '--dir', folder, '--unaligned', kind === 'unaligned' ? '1' : '0'];
      return durations({
        id: `checkpoint-${kind}`,
        what: `a checkpoint, ${kind}, in front of a step of 10 us a record`,
        millrace: ownProgram('state/back-pressure', kind, seconds),
        peers: peers.map((peer) => ({ peer, command: peer.command(all) })),
        measure: (run) => reported(run, 'checkpointMs'),
        limit: null,
      });
    }),
  ];
}
