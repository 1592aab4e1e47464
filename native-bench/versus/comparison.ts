/**
 * A comparison: the same work in the engine and in peers, as a figure with a variant for each form of the job and each
 * peer, and the lines of the table that are read from its runs. Without peers the engine is measured alone.
 */
import type { Figure } from '../figure.ts';
import type { Outcome } from '../harness.ts';
import { type Cell, markdownTable, threeDigits } from '../table.ts';

/** `typed` aggregates columns, `functions` calls functions of the user with objects, as Flink does. */
export type Form = 'typed' | 'functions';

export type Bar = { readonly direction: 'at least' | 'at most'; readonly limit: number };

/** Null without a peer. */
export type Pair = { readonly millrace: number; readonly peer: number | null };

export type Line = {
  readonly work: string;
  /** Its name. */
  readonly peer: string | null;
  readonly unit: string;
  readonly value: Pair;
  /** In millions; null where it is not measured. */
  readonly recordsPerCpuSecond: Pair | null;
  /** Peak resident memory in MB; null where it is not measured. */
  readonly memory: Pair | null;
  readonly bar: Bar | null;
  /** Of jobs that read the corpus: what reads it and throws all away, and what does more. */
  readonly ofCorpus?: 'floor' | 'query';
};

export type Comparison = {
  readonly id: string;
  readonly figure: Figure;
  lines(outcome: Outcome): readonly Line[];
};

/** The engine over the peer. */
function ratio({ millrace, peer }: Pair): number | null {
  return peer === null ? null : millrace / peer;
}

export function holds({ value, bar }: Line): boolean | null {
  const of = ratio(value);
  if (bar === null || of === null) return null;
  return bar.direction === 'at least' ? of >= bar.limit : of <= bar.limit;
}

/** As Markdown. */
export function tableOf(lines: readonly Line[]): string {
  if (lines.every(({ peer }) => peer === null)) return engineTable(lines);
  return [versusTable(lines), ...netTables(lines)].join('\n\n');
}

function versusTable(lines: readonly Line[]): string {
  const head = [
    ...['work', 'peer', 'millrace', 'the peer', 'ratio'],
    ...['millrace, M records a CPU s', 'the peer', 'ratio', 'peak memory', 'bar', 'holds'],
  ];
  const rows = lines.map((line): readonly Cell[] => {
    const { work, peer, unit, value, recordsPerCpuSecond: cpu, memory, bar } = line;
    return [
      ...[work, peer],
      ...[value.millrace, value.peer].map((of) => of && `${threeDigits(of)} ${unit}`),
      ratio(value),
      ...(cpu === null ? [null, null, null] : [cpu.millrace, cpu.peer, ratio(cpu)]),
      memory === null ? null : ratio(memory),
      bar === null ? null : `${bar.direction} ${bar.limit}`,
      { true: 'yes', false: 'no', null: '' }[String(holds(line))]!,
    ];
  });
  return markdownTable(head, rows);
}

function engineTable(lines: readonly Line[]): string {
  const rows = lines.map(({ work, unit, value, recordsPerCpuSecond, memory }): readonly Cell[] => [
    work,
    `${threeDigits(value.millrace)} ${unit}`,
    recordsPerCpuSecond?.millrace ?? null,
    memory?.millrace ?? null,
  ]);
  return markdownTable(['work', 'millrace', 'M records a CPU s', 'peak MB'], rows);
}

/** For each peer whose floor was measured: what queries take beyond the source. */
function netTables(lines: readonly Line[]): readonly string[] {
  return lines
    .filter(({ ofCorpus }) => ofCorpus === 'floor')
    .flatMap((floor) => {
      const queries = lines.filter((line) => line.ofCorpus === 'query' && line.peer === floor.peer);
      return queries.length === 0 ? [] : [netTable(floor, queries)];
    });
}

/** Nobody learns anything from a query that runs at more than half of the rate of the source alone. */
function netTable(floor: Line, queries: readonly Line[]): string {
  const source = nanoseconds(floor);
  const nets = queries.map((line) => {
    const all = nanoseconds(line);
    const net = { millrace: all.millrace - source.millrace, peer: all.peer - source.peer };
    const isSourceBound = net.millrace < source.millrace || net.peer < source.peer;
    return { work: line.work, all, net, isSourceBound };
  });
  const rows = nets.map(({ work, all, net, isSourceBound }): readonly Cell[] => [
    ...[work, all.millrace, all.peer, all.peer / all.millrace],
    ...(isSourceBound
      ? [null, null, null, 'source-bound']
      : [net.millrace, net.peer, net.peer / net.millrace, '']),
  ]);
  const mean = geometricMean(nets.map(({ all }) => all.peer / all.millrace));
  const told = nets.filter(({ isSourceBound }) => !isSourceBound);
  const netMean =
    told.length === 0 ? null : geometricMean(told.map(({ net }) => net.peer / net.millrace));
  const sides = ['millrace', floor.peer!, 'ratio'];
  return markdownTable(
    ['ns of CPU an event', ...sides, ...sides.map((side) => `${side}, less the source`), ''],
    [
      [
        floor.work,
        source.millrace,
        source.peer,
        source.peer / source.millrace,
        null,
        null,
        null,
        '',
      ],
      ...rows,
      ['geometric mean of the queries', null, null, mean, null, null, netMean, ''],
    ],
  );
}

function nanoseconds({ recordsPerCpuSecond }: Line): { millrace: number; peer: number } {
  const { millrace, peer } = recordsPerCpuSecond!;
  return { millrace: 1000 / millrace, peer: 1000 / peer! };
}

function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}
