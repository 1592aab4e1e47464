/**
 * A comparison: the same work in the engine and in a peer, as a figure of two or three variants, and the lines of the table
 * that are read from its runs.
 */
import {
  type Command,
  type Figure,
  figure,
  reported,
  typescript,
  type Variant,
} from '../figure.ts';
import { median, type Outcome } from '../harness.ts';

/** `typed` aggregates columns, `functions` calls functions of the user with objects, as the peer does. */
export type Form = 'typed' | 'functions';

export type Line = {
  readonly work: string;
  readonly unit: string;
  readonly millrace: number;
  readonly peer: number;
  /** The engine over the peer. */
  readonly ratio: number;
  /** CPU time a record, the engine over the peer; null where it is not measured. */
  readonly cpu: number | null;
  /** Peak resident memory, the engine over the peer; null where it is not measured. */
  readonly memory: number | null;
  readonly bar: { readonly direction: 'at least' | 'at most'; readonly limit: number } | null;
};

export type Comparison = {
  readonly figure: Figure;
  lines(outcome: Outcome): readonly Line[];
};

/** The program of the peer with these arguments. */
export type Peer = (args: readonly string[]) => Command;

export type Throughput = {
  readonly id: string;
  readonly what: string;
  /** In this folder: runs the engine's side by the arguments that the peer's program gets. */
  readonly program: 'run-job.ts' | 'run-nexmark.ts';
  /** Of enough records for each to be warm, and to run for some seconds more. */
  timed(engine: 'millrace' | 'peer'): readonly string[];
  /** Of the run before, whose results are compared. */
  verified(): readonly string[];
  /** Least ratio of each form that the engine's job has; null where there is no bar. */
  readonly forms: Readonly<Partial<Record<Form, number | null>>>;
};

/** State of many keys needs more than V8 gives by itself. */
const NODE_ARGS = { 'run-job.ts': [], 'run-nexmark.ts': ['--max-old-space-size=12000'] };

/** Millions of records a second, from the end of the warm-up to the end of the last sink. */
export function throughput(peer: Peer, given: Throughput): Comparison {
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
    figure: figure<string>({
      id,
      what,
      unit: 'times the peer',
      roundUnit: 'M records/s',
      bar: null,
      verify() {
        const args = [...given.verified(), '--verify', '1'];
        return [...forms.map((form) => engine(form, args)), peer(args)];
      },
      variants: () => ({
        ...Object.fromEntries(
          forms.map((form) => [form, perSecond(engine(form, given.timed('millrace')))]),
        ),
        peer: perSecond(peer(given.timed('peer'))),
      }),
      value: (medians) => medians[forms[0]!]! / medians.peer!,
    }),
    lines: (outcome) =>
      forms.map((form) => {
        const ratioOf = (of: (report: Numbers) => number): number =>
          medianOf(outcome, form, of) / medianOf(outcome, 'peer', of);
        const millrace = outcome.medians[form]!;
        const limit = given.forms[form] ?? null;
        return {
          work: forms.length === 1 ? what : `${what}, ${form}`,
          unit: 'M records/s',
          millrace,
          peer: outcome.medians.peer!,
          ratio: millrace / outcome.medians.peer!,
          cpu: ratioOf(({ cpuSeconds, timedRecords }) => cpuSeconds! / timedRecords!),
          memory: ratioOf(({ peakMb }) => peakMb!),
          bar: limit === null ? null : { direction: 'at least', limit },
        };
      }),
  };
}

type Numbers = Readonly<Record<string, number>>;

export function medianOf(
  { runs }: Outcome,
  variant: string,
  of: (report: Numbers) => number,
): number {
  return median(runs.filter((run) => run.variant === variant).map(({ report }) => of(report!)));
}

/** Percentiles of the time from when a record was due to its arrival, each with its own line. */
export function latency(millrace: Command, peer: Command, what: string): Comparison {
  const measured = (command: Command): Variant => ({
    command,
    measure: (run) => reported(run, 'p99Ms'),
  });
  const percentiles = { p50Ms: 'p50', p99Ms: 'p99', p999Ms: 'p99.9' };
  return {
    figure: figure({
      id: 'latency',
      what,
      unit: 'times the peer',
      roundUnit: 'ms (p99)',
      bar: null,
      variants: () => ({ millrace: measured(millrace), peer: measured(peer) }),
      value: (medians) => medians.millrace / medians.peer,
    }),
    lines: (outcome) =>
      Object.entries(percentiles).map(([field, name]) => {
        const ofVariant = (variant: string): number =>
          medianOf(outcome, variant, (report) => report[field]!);
        return {
          ...times(`latency ${name}`, ofVariant('millrace'), ofVariant('peer'), 1),
          memory:
            medianOf(outcome, 'millrace', ({ peakMb }) => peakMb!) /
            medianOf(outcome, 'peer', ({ peakMb }) => peakMb!),
        };
      }),
  };
}

/** From the start of a process to the first result of a small job. */
export function start(millrace: Command, peer: Command, what: string): Comparison {
  const measured = (command: Command): Variant => ({
    command,
    measure: (run) => run.firstOutputMs,
  });
  return {
    figure: figure({
      id: 'start',
      what,
      unit: 'times the peer',
      roundUnit: 'ms',
      bar: null,
      variants: () => ({ millrace: measured(millrace), peer: measured(peer) }),
      value: (medians) => medians.millrace / medians.peer,
    }),
    lines: ({ medians }) => [times(what, medians.millrace!, medians.peer!, 0.1)],
  };
}

function times(work: string, millrace: number, peer: number, limit: number): Line {
  return {
    work,
    unit: 'ms',
    millrace,
    peer,
    ratio: millrace / peer,
    cpu: null,
    memory: null,
    bar: { direction: 'at most', limit },
  };
}

export function holds({ ratio, bar }: Line): boolean | null {
  if (bar === null) return null;
  return bar.direction === 'at least' ? ratio >= bar.limit : ratio <= bar.limit;
}

/** The table, as Markdown. */
export function tableOf(lines: readonly Line[], peer: string): string {
  const number = (value: number | null): string => (value === null ? '' : value.toPrecision(3));
  const rows = lines.map((line) => {
    const { work, unit, bar } = line;
    const limit = bar === null ? '' : `${bar.direction} ${bar.limit}`;
    const verdict = { true: 'yes', false: 'no', null: '' }[String(holds(line))];
    const [millrace, other] = [number(line.millrace), number(line.peer)];
    const ratios = [line.ratio, line.cpu, line.memory].map(number).join(' | ');
    return `| ${work} | ${millrace} ${unit} | ${other} ${unit} | ${ratios} | ${limit} | ${verdict} |`;
  });
  return [
    `| work | millrace | ${peer} | ratio | CPU a record | peak memory | bar | holds |`,
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
