/** What is compared with peers: the work, its sizes, and the bars against Flink. */
import { javascript } from '../figure.ts';
import { corpusFile } from '../nexmark/corpus.ts';
import { CYCLE } from '../nexmark/corpus-format.ts';
import type { Comparison } from './comparison.ts';
import { durations, latency } from './durations.ts';
import { ownProgram } from './own-programs.ts';
import type { Peer, PeerId } from './peer.ts';
import { type Throughput, throughput } from './throughput.ts';

export type Sizes = {
  /** Of every job of both engines; null for those of the list. */
  readonly records: number | null;
  /** Of the queries of Nexmark. */
  readonly events: number;
  /** For checkpoints. */
  readonly folder: string;
};

const M = 1_000_000;
const VERIFIED = 2 * M;

/** Of each engine that has the job. */
type Records = Readonly<Partial<Record<PeerId, number>>> & { readonly millrace: number };

/** Of both forms. */
const timely = (records: number) => ({ timely: records, 'timely-plain': records / 4 });

/** A job of jobs.ts, with the sizes that it has by itself. */
type JobComparison = Pick<Throughput, 'id' | 'what' | 'forms'> & {
  /** Of both programs: the job and its sizes. */
  readonly args: readonly string[];
  readonly records: Records;
  /** What the jobs are given besides where results are compared. */
  readonly verifiedArgs?: readonly string[];
};

/** Of a reduce: enough for a checkpoint every second to come ten times. */
const OF_A_MILLION_KEYS: Records = { millrace: 300 * M, flink: 60 * M };

function jobs(folder: string): readonly JobComparison[] {
  return [
    {
      id: 'chain',
      what: 'source, map, filter, sink',
      args: ['--job', 'chain'],
      records: { millrace: 800 * M, flink: 2000 * M },
      forms: { functions: 1.5 },
    },
    {
      id: 'rebalance',
      what: 'source, rebalance, map, sink',
      args: ['--job', 'rebalance'],
      records: { millrace: 1600 * M, flink: 400 * M },
      forms: { functions: 8 },
    },
    {
      id: 'key-by',
      what: 'exchange by key, sink',
      args: ['--job', 'key-by', '--keys', '10000'],
      records: { millrace: 1600 * M, flink: 400 * M },
      forms: { functions: 8 },
    },
    tumbling(
      'tumbling-10k',
      '10 k',
      10_000,
      { millrace: 1600 * M, flink: 160 * M, hazelcast: 100 * M, ...timely(800 * M) },
      20,
    ),
    tumbling(
      'tumbling-1m',
      '1 M',
      1_000_000,
      { millrace: 200 * M, flink: 50 * M, hazelcast: 40 * M, ...timely(200 * M) },
      15,
    ),
    {
      id: 'sliding',
      what: 'sliding 10 s by 1 s, count and sum, 10 k keys',
      args: ['--job', 'sliding', '--keys', '10000'],
      records: { millrace: 1000 * M, flink: 12 * M, hazelcast: 100 * M, ...timely(800 * M) },
      verifiedArgs: ['--per-ms', '50'],
      forms: { typed: 100, functions: null },
    },
    {
      id: 'session',
      what: 'sessions, count and sum, 100 k keys',
      args: ['--job', 'session', '--keys', '100000'],
      records: { millrace: 240 * M, flink: 10 * M },
      forms: { typed: 30, functions: null },
    },
    reduce('reduce-10k', 'rolling reduce, 10 k keys', ['--keys', '10000'], {
      millrace: 1000 * M,
      flink: 200 * M,
    }),
    reduce('reduce-1m', 'rolling reduce, 1 M keys', ['--keys', '1000000'], OF_A_MILLION_KEYS),
    reduce(
      'reduce-checkpoints',
      'rolling reduce, 1 M keys, a checkpoint every second',
      ['--keys', '1000000', '--checkpoint-ms', '1000', '--dir', folder],
      OF_A_MILLION_KEYS,
    ),
    matches('strict'),
    matches('relaxed'),
  ];
}

function tumbling(
  id: string,
  keys: string,
  count: number,
  records: Records,
  typed: number,
): JobComparison {
  return {
    id,
    what: `tumbling 10 s, count and sum, ${keys} keys`,
    args: ['--job', 'tumbling', '--keys', `${count}`],
    records,
    verifiedArgs: ['--per-ms', '50'],
    forms: { typed, functions: 5 },
  };
}

/** Running sums depend on the order of the records of a key, which only one subtask has. */
function reduce(
  id: string,
  what: string,
  args: readonly string[],
  records: Records,
): JobComparison {
  return {
    id,
    what,
    args: ['--job', 'reduce', ...args],
    records,
    verifiedArgs: ['--parallelism', '1'],
    forms: { typed: null, functions: 6 },
  };
}

/** Records of one time come in an order of its own to each engine, unless one subtask has them all. */
function matches(contiguity: 'strict' | 'relaxed'): JobComparison {
  return {
    id: `cep-${contiguity}`,
    what: `a ${contiguity} pattern of three steps, 10 k keys`,
    args: ['--job', `cep-${contiguity}`, '--keys', '10000'],
    records: { millrace: 60 * M, flink: 8 * M },
    verifiedArgs: ['--parallelism', '1'],
    forms: { functions: 5 },
  };
}

function sized(given: JobComparison, records: number | null): Throughput {
  const { id, what, forms, args, verifiedArgs = [] } = given;
  const verified = Math.min(records ?? VERIFIED, VERIFIED);
  return {
    id,
    what,
    forms,
    program: 'versus/run-job',
    timed: (engine) => [
      ...args,
      '--records',
      `${records ?? given.records[engine] ?? given.records.millrace}`,
    ],
    verified: () => [...args, '--records', `${verified}`, ...verifiedArgs],
  };
}

/** Another form of q7, which says what a join costs: it is not in the mean of the queries. */
const WITHOUT_JOIN = 'q7-window';
const QUERIES = ['floor', 'q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q7', 'q8', 'q11', 'q18'];

/** They get the same events in each pass. */
const OF_SINGLE_EVENTS: readonly string[] = ['floor', 'q0', 'q1', 'q2'];

/** Of the corpus, so that a run takes seconds: of as many as there are for both where what is kept of them grows. */
const PASSES: Readonly<Record<string, { readonly millrace: number; readonly flink: number }>> = {
  floor: { millrace: 60, flink: 60 },
  q0: { millrace: 60, flink: 60 },
  q1: { millrace: 60, flink: 60 },
  q2: { millrace: 60, flink: 60 },
  q3: { millrace: 50, flink: 50 },
  q4: { millrace: 5, flink: 5 },
  q5: { millrace: 5, flink: 1 },
  q7: { millrace: 3, flink: 1 },
  [WITHOUT_JOIN]: { millrace: 120, flink: 120 },
  q8: { millrace: 10, flink: 10 },
  q11: { millrace: 5, flink: 1 },
  q18: { millrace: 2, flink: 2 },
};
/** Where Flink plans from SQL: it reads rows at a tenth of the pace, and q4 for minutes. */
const SQL_PASSES: Readonly<Record<string, number>> = { floor: 12, q0: 12, q1: 12, q2: 12, q4: 1 };
/** What goes on must be the same for both too. */
const VERIFIED_PASSES = 2;
const ONCE = { millrace: 1, flink: 1 };

/** Both engines read the same corpus, which lies in memory before the clock starts. */
function nexmark(query: string, events: number, isSql: boolean): Throughput {
  // Ids go on behind whole cycles.
  const on = (count: number) => {
    const events = Math.max(CYCLE, count - (count % CYCLE));
    return ['--job', query, '--corpus', corpusFile({ events })];
  };
  const goesOn = OF_SINGLE_EVENTS.includes(query) ? '0' : '1';
  const read = (passes: number) => ['--passes', `${passes}`, '--goes-on', goesOn];
  const { millrace, flink } = PASSES[query] ?? ONCE;
  const ofFlink = (isSql ? SQL_PASSES[query] : undefined) ?? flink;
  return {
    id: query === 'floor' ? 'nexmark-floor' : query,
    what: query === 'floor' ? 'Nexmark: the source alone' : `Nexmark ${query}`,
    forms: { functions: null },
    ...(query === WITHOUT_JOIN ? {} : { ofCorpus: query === 'floor' ? 'floor' : 'query' }),
    program: 'versus/run-nexmark',
    timed: (engine) => [...on(events), ...read(engine === 'millrace' ? millrace : ofFlink)],
    verified: () => [...on(Math.min(events, VERIFIED)), ...read(VERIFIED_PASSES)],
  };
}

const LATENCY_SECONDS = 20;

/** What one of these peers has; each comparison with those that have it. */
export function comparisons(
  peers: readonly Peer[],
  { records, events, folder }: Sizes,
): readonly Comparison[] {
  const flink = peers.find(({ id }) => id === 'flink');
  return [
    ...jobs(folder).flatMap((given) => {
      const able = peers.filter(({ id, isSql }) => !isSql && given.records[id] !== undefined);
      return able.length === 0 ? [] : [throughput(able, sized(given, records))];
    }),
    ...(flink === undefined ? [] : againstFlink(flink, records, events)),
  ];
}

function againstFlink(flink: Peer, records: number | null, events: number): readonly Comparison[] {
  const queries = [...QUERIES, ...(flink.isSql ? [] : [WITHOUT_JOIN])].map((query) =>
    throughput([flink], nexmark(query, Math.min(events, records ?? events), flink.isSql)),
  );
  return flink.isSql ? queries : [...queries, ...latencyAndStart(flink, records)];
}

function latencyAndStart(flink: Peer, records: number | null): readonly Comparison[] {
  const seconds = Math.min(LATENCY_SECONDS, Math.ceil((records ?? Infinity) / M));
  return [
    latency({
      what: '100 k records/s through an exchange, from when each was due',
      millrace: ownProgram('macro/run-latency', 100_000, seconds, 0),
      peers: [
        {
          peer: flink,
          command: flink.command([
            ...['--job', 'latency', '--seconds', `${seconds}`],
            ...['--buffer-timeout-ms', '0'],
          ]),
        },
      ],
      limit: 1,
    }),
    durations({
      id: 'start',
      what: 'start of the process to the first result of a small job',
      millrace: javascript('native-bench/macro/small-job.mjs'),
      peers: [{ peer: flink, command: flink.command(['--job', 'start']) }],
      measure: (run) => run.firstOutputMs,
      limit: 0.1,
    }),
  ];
}
