/** Milliseconds of something, in the engine and in peers. */
import { type Command, figure, type Run, reported } from '../figure.ts';
import { medianOf, type Outcome } from '../harness.ts';
import type { Comparison, Line, Pair } from './comparison.ts';
import type { Peer } from './peer.ts';

export type Durations = {
  readonly id: string;
  readonly what: string;
  /** The engine's program. */
  readonly millrace: Command;
  readonly peers: readonly { readonly peer: Peer; readonly command: Command }[];
  measure(run: Run): number;
  /** Most that the engine may take of the time of a peer; null where there is no bar. */
  readonly limit: number | null;
};

export function durations(given: Durations): Comparison {
  const { id, what, millrace, peers, measure } = given;
  const [first] = peers;
  return {
    id,
    figure: figure<string>({
      id,
      what,
      unit: first === undefined ? 'ms' : `times ${first.peer.name}`,
      roundUnit: 'ms',
      bar: null,
      variants: () => ({
        millrace: { command: millrace, measure },
        ...Object.fromEntries(
          peers.map(({ peer, command }) => [peer.id, { command, measure }] as const),
        ),
      }),
      value: (medians) => medians.millrace! / (first === undefined ? 1 : medians[first.peer.id]!),
    }),
    lines: (outcome) => linesOf(given, what, (variant) => outcome.medians[variant]!),
  };
}

/** One for each peer, or one without. */
function linesOf(
  { peers, limit }: Durations,
  work: string,
  of: (variant: string) => number,
): readonly Line[] {
  return (peers.length === 0 ? [null] : peers.map(({ peer }) => peer)).map((peer) => ({
    work,
    peer: peer?.name ?? null,
    unit: 'ms',
    value: { millrace: of('millrace'), peer: peer === null ? null : of(peer.id) },
    recordsPerCpuSecond: null,
    memory: null,
    bar: limit === null ? null : { direction: 'at most', limit },
  }));
}

const PERCENTILES = { p50Ms: 'p50', p99Ms: 'p99', p999Ms: 'p99.9' };

/** Percentiles of the time from when a record was due to its arrival, each with its own line. */
export function latency(given: Omit<Durations, 'id' | 'measure'>): Comparison {
  const all = { ...given, id: 'latency', measure: (run: Run) => reported(run, 'p99Ms') };
  return {
    ...durations(all),
    lines: (outcome) =>
      Object.entries(PERCENTILES).flatMap(([field, name]) =>
        linesOf(all, `latency ${name}`, (variant) => reportOf(outcome, variant, field)).map(
          (line) => ({ ...line, memory: memoryOf(outcome, given.peers[0]?.peer ?? null) }),
        ),
      ),
  };
}

function reportOf(outcome: Outcome, variant: string, field: string): number {
  return medianOf(outcome, variant, (report) => report[field]!);
}

function memoryOf(outcome: Outcome, peer: Peer | null): Pair {
  return {
    millrace: reportOf(outcome, 'millrace', 'peakMb'),
    peer: peer === null ? null : reportOf(outcome, peer.id, 'peakMb'),
  };
}
