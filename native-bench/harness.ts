/** Measures a figure: verification, rounds in alternating order, medians, and the comparison with the bar. */
import type { Figure, Report, Run, Settings } from './figure.ts';
import { runProgram } from './run-program.ts';

export type HarnessSettings = Settings & { readonly rounds: number };

/** One run of one variant, as it was. */
export type RoundRun = {
  readonly round: number;
  readonly variant: string;
  readonly value: number;
  readonly wallMs: number;
  readonly report: Report | null;
};

export type Outcome = {
  readonly id: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly direction: 'at least' | 'at most' | null;
  readonly bar: number | null;
  readonly holds: boolean | null;
  readonly roundUnit: string;
  readonly medians: Readonly<Record<string, number>>;
  /** In the order in which they ran; none is left out. */
  readonly runs: readonly RoundRun[];
};

export type Progress = (line: string) => void;

export async function measureFigure(
  figure: Figure,
  settings: HarnessSettings,
  progress: Progress,
): Promise<Outcome> {
  await figure.prepare?.(settings);
  await verify(figure, settings, progress);
  const runs = await measureRounds(figure, settings, progress);
  const medians = mediansOf(runs);
  const value = figure.value(medians);
  const bar = figure.bar?.limit(medians) ?? null;
  const direction = figure.bar?.direction ?? null;
  return {
    id: figure.id,
    what: figure.what,
    value,
    unit: figure.unit,
    direction,
    bar,
    holds: bar === null ? null : direction === 'at least' ? value >= bar : value <= bar,
    roundUnit: figure.roundUnit,
    medians,
    runs,
  };
}

async function verify(figure: Figure, settings: Settings, progress: Progress): Promise<void> {
  const commands = figure.verify?.(settings) ?? [];
  if (commands.length === 0) return;
  const agreement = new Agreement();
  for (const command of commands) agreement.add((await runProgram(command)).report);
  progress(`verified      ${agreement}`);
}

async function measureRounds(
  figure: Figure,
  settings: HarnessSettings,
  progress: Progress,
): Promise<RoundRun[]> {
  const variants = Object.entries(figure.variants(settings));
  const agreement = new Agreement();
  const runs: RoundRun[] = [];
  const rounds = Math.min(settings.rounds, figure.roundsMax ?? Infinity);
  for (let round = 1; round <= rounds; round++) {
    const order = round % 2 === 1 ? variants : variants.toReversed();
    for (const [variant, { command, measure }] of order) {
      const run: Run = await runProgram(command);
      const { wallMs, report } = run;
      agreement.add(report);
      const value = measure(run);
      runs.push({ round, variant, value, wallMs, report });
      progress(`round ${round}  ${variant}  ${value.toPrecision(4)} ${figure.roundUnit}`);
    }
  }
  return runs;
}

/** What programs that do the same work must report alike, where they report it. */
const AGREED_FIELDS = ['records', 'results', 'checksum'];

class Agreement {
  readonly #agreed = new Map<string, number>();

  add(report: Report | null): void {
    for (const field of AGREED_FIELDS) {
      const value = report?.[field];
      if (value === undefined) continue;
      const agreed = this.#agreed.get(field);
      if (agreed !== undefined && agreed !== value) {
        throw new Error(
          `results differ: ${field} is ${value} in one program and ${agreed} in another`,
        );
      }
      this.#agreed.set(field, value);
    }
  }

  toString(): string {
    return [...this.#agreed].map(([field, value]) => `${field} ${value}`).join(', ');
  }
}

function mediansOf(runs: readonly RoundRun[]): Record<string, number> {
  const medians: Record<string, number> = {};
  for (const { variant } of runs) {
    medians[variant] ??= median(
      runs.filter((run) => run.variant === variant).map((run) => run.value),
    );
  }
  return medians;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

type Numbers = Readonly<Record<string, number>>;

/** The median of what the reports of a variant give. */
export function medianOf(
  { runs }: Outcome,
  variant: string,
  of: (report: Numbers) => number,
): number {
  return median(runs.filter((run) => run.variant === variant).map(({ report }) => of(report!)));
}
