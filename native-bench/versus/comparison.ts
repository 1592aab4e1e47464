/**
 * A comparison: the same work in the engine and in peers, as a figure with a variant for each form of the job and each
 * peer, and the lines of the table that are read from its runs.
 */
import {
  type Command,
  type Figure,
  figure,
  reported,
  typescript,
  type Variant,
} from '../figure.ts';
import { medianOf, type Outcome } from '../harness.ts';
import { type Cell, markdownTable, threeDigits } from '../table.ts';
import type { Peer, PeerId } from './peer.ts';

/** `typed` aggregates columns, `functions` calls functions of the user with objects, as Flink does. */
export type Form = 'typed' | 'functions';

export type Bar = { readonly direction: 'at least' | 'at most'; readonly limit: number };

export type Pair = { readonly millrace: number; readonly peer: number };

export type Line = {
  readonly work: string;
  /** Its name. */
  readonly peer: string;
  readonly unit: string;
  readonly value: Pair;
  /** In millions; null where it is not measured. */
  readonly recordsPerCpuSecond: Pair | null;
  /** Peak resident memory, the engine over the peer; null where it is not measured. */
  readonly memory: number | null;
  readonly bar: Bar | null;
};

export type Comparison = {
  readonly id: string;
  readonly figure: Figure;
  lines(outcome: Outcome): readonly Line[];
};

export type Throughput = {
  readonly id: string;
  readonly what: string;
  /** In this folder: runs the engine's side by the arguments that the peers' programs get. */
  readonly program: 'run-job.ts' | 'run-nexmark.ts';
  /** Of enough records for each to be warm, and to run for some seconds more. */
  timed(engine: 'millrace' | PeerId): readonly string[];
  /** Of the run before, whose results are compared. */
  verified(): readonly string[];
  /** Least ratio to Flink of each form that the engine's job has; null where there is no bar. */
  readonly forms: Readonly<Partial<Record<Form, number | null>>>;
};

/** State of many keys needs more than V8 gives by itself. */
const NODE_ARGS = { 'run-job.ts': [], 'run-nexmark.ts': ['--max-old-space-size=12000'] };

/** Millions of records a second, from the end of the warm-up to the end of the last sink. */
export function throughput(peers: readonly Peer[], given: Throughput): Comparison {
  const { id, what, program } = given;
  const forms = Object.keys(given.forms) as Form[];
  const engine = (form: Form, more: readonly string[]): Command => {
    const { args } = typescript(`native-bench/versus/${program}`, '--form', form, ...more);
    return { args: [...NODE_ARGS[program], ...args] };
  };
  const perSecond = (command: Command): Variant => ({
    command,
    measure: (run) => reported(run, 'timedRecords') / reported(run, 'seconds') / 1e6,
  });
  return {
    id,
    figure: figure<string>({
      id,
      what,
      unit: `times ${peers[0]!.name}`,
      roundUnit: 'M records/s',
      bar: null,
      verify() {
        const args = [...given.verified(), '--verify', '1'];
        return [
          ...forms.map((form) => engine(form, args)),
          ...peers.map((peer) => peer.command(args)),
        ];
      },
      variants: () => ({
        ...Object.fromEntries(
          forms.map((form) => [form, perSecond(engine(form, given.timed('millrace')))]),
        ),
        ...Object.fromEntries(
          peers.map((peer) => [peer.id, perSecond(peer.command(given.timed(peer.id)))]),
        ),
      }),
      value: (medians) => medians[forms[0]!]! / medians[peers[0]!.id]!,
    }),
    lines: (outcome) =>
      peers.flatMap((peer) =>
        forms.map((form) => {
          const pair = (of: (variant: string) => number): Pair => ({
            millrace: of(form),
            peer: of(peer.id),
          });
          const limit = (peer.id === 'flink' ? given.forms[form] : null) ?? null;
          const { millrace, peer: other } = pair((variant) =>
            medianOf(outcome, variant, ({ peakMb }) => peakMb!),
          );
          return {
            work: forms.length === 1 ? what : `${what}, ${form}`,
            peer: peer.name,
            unit: 'M records/s',
            value: pair((variant) => outcome.medians[variant]!),
            recordsPerCpuSecond: pair((variant) =>
              medianOf(
                outcome,
                variant,
                ({ cpuSeconds, timedRecords }) => timedRecords! / cpuSeconds! / 1e6,
              ),
            ),
            memory: millrace / other,
            bar: limit === null ? null : { direction: 'at least', limit },
          };
        }),
      ),
  };
}

/** Percentiles of the time from when a record was due to its arrival, each with its own line. */
export function latency(millrace: Command, peer: Peer, other: Command, what: string): Comparison {
  const measured = (command: Command): Variant => ({
    command,
    measure: (run) => reported(run, 'p99Ms'),
  });
  const percentiles = { p50Ms: 'p50', p99Ms: 'p99', p999Ms: 'p99.9' };
  return {
    id: 'latency',
    figure: figure({
      id: 'latency',
      what,
      unit: `times ${peer.name}`,
      roundUnit: 'ms (p99)',
      bar: null,
      variants: () => ({ millrace: measured(millrace), peer: measured(other) }),
      value: (medians) => medians.millrace / medians.peer,
    }),
    lines: (outcome) =>
      Object.entries(percentiles).map(([field, name]) => {
        const of = (variant: string, what: string): number =>
          medianOf(outcome, variant, (report) => report[what]!);
        const value = { millrace: of('millrace', field), peer: of('peer', field) };
        const memory = of('millrace', 'peakMb') / of('peer', 'peakMb');
        return { ...milliseconds(`latency ${name}`, peer, value, 1), memory };
      }),
  };
}

/** From the start of a process to the first result of a small job. */
export function start(millrace: Command, peer: Peer, other: Command, what: string): Comparison {
  const measured = (command: Command): Variant => ({
    command,
    measure: (run) => run.firstOutputMs,
  });
  return {
    id: 'start',
    figure: figure({
      id: 'start',
      what,
      unit: `times ${peer.name}`,
      roundUnit: 'ms',
      bar: null,
      variants: () => ({ millrace: measured(millrace), peer: measured(other) }),
      value: (medians) => medians.millrace / medians.peer,
    }),
    lines: ({ medians: { millrace, peer: other } }) => [
      milliseconds(what, peer, { millrace: millrace!, peer: other! }, 0.1),
    ],
  };
}

function milliseconds(work: string, peer: Peer, value: Pair, limit: number): Line {
  return {
    work,
    peer: peer.name,
    unit: 'ms',
    value,
    recordsPerCpuSecond: null,
    memory: null,
    bar: { direction: 'at most', limit },
  };
}

/** The engine over the peer. */
function ratio({ millrace, peer }: Pair): number {
  return millrace / peer;
}

export function holds({ value, bar }: Line): boolean | null {
  if (bar === null) return null;
  return bar.direction === 'at least' ? ratio(value) >= bar.limit : ratio(value) <= bar.limit;
}

/** As Markdown. */
export function tableOf(lines: readonly Line[]): string {
  const head = [
    ...['work', 'peer', 'millrace', 'the peer', 'ratio'],
    ...['millrace, M records a CPU s', 'the peer', 'ratio', 'peak memory', 'bar', 'holds'],
  ];
  const rows = lines.map((line): readonly Cell[] => {
    const { work, peer, unit, value, recordsPerCpuSecond: cpu, memory, bar } = line;
    return [
      ...[work, peer],
      ...[`${threeDigits(value.millrace)} ${unit}`, `${threeDigits(value.peer)} ${unit}`],
      ratio(value),
      ...(cpu === null ? [null, null, null] : [cpu.millrace, cpu.peer, ratio(cpu)]),
      memory,
      bar === null ? null : `${bar.direction} ${bar.limit}`,
      { true: 'yes', false: 'no', null: '' }[String(holds(line))]!,
    ];
  });
  return markdownTable(head, rows);
}
