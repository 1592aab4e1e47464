/**
 * A figure: one number about the engine, what it is compared with, and the bar it has to meet.
 *
 *   prepare → verify → rounds → medians → value, held against the bar
 *
 * A variant is one way to do the work: a program that is started anew for every round. Within a round each variant runs
 * once; every second round runs them in the opposite order (A B, B A, A B, ...), so that a machine that slows down or
 * speeds up favours nobody. Every round counts. `value` sees the median of each variant over all rounds.
 */

export type Settings = {
  /** Multiplies sizes: 1 for the published numbers, less for a look, much less for tests. */
  readonly scale: number;
};

export type Command = {
  /** Arguments of node; or of another program, when that is given. Paths start at the folder of the project. */
  readonly args: readonly string[];
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where paths start instead, of another revision of the project. */
  readonly folder?: string;
};

/** What a program tells about its run: a JSON object of numbers on the last line of its output. */
export type Report = Readonly<Record<string, number>>;

export type Run = {
  /** From the start of the process to its end. */
  readonly wallMs: number;
  /** From the start of the process to its first output. */
  readonly firstOutputMs: number;
  /** Null when the last line of the output is something else. */
  readonly report: Report | null;
};

export type Variant = {
  readonly command: Command;
  readonly measure: (run: Run) => number;
};

export type Medians<V extends string> = Readonly<Record<V, number>>;

export type Bar<V extends string> = {
  readonly direction: 'at least' | 'at most';
  /** For the list: a number, or in words where it is measured. */
  readonly text: string;
  limit(medians: Medians<V>): number;
};

export type Figure<V extends string = string> = {
  readonly id: string;
  /** One line: what is measured, and against what. */
  readonly what: string;
  readonly unit: string;
  /** Unit of what `measure` gives. */
  readonly roundUnit: string;
  /** Null for a figure that only informs. */
  readonly bar: Bar<V> | null;
  /** Fewer rounds than asked for, where one takes long. */
  readonly roundsMax?: number;
  /** Makes what the programs need. */
  prepare?(settings: Settings): Promise<void>;
  /** Programs that run once, before the rounds: their reports must agree (see harness.ts). */
  verify?(settings: Settings): readonly Command[];
  variants(settings: Settings): Readonly<Record<V, Variant>>;
  value(medians: Medians<V>): number;
};

/** A figure as a member of the list; here the compiler sees the names of its variants. */
export function figure<V extends string>(definition: Figure<V>): Figure {
  return definition;
}

export function atLeast(limit: number): Bar<string> {
  return { direction: 'at least', text: String(limit), limit: () => limit };
}

export function atMost(limit: number): Bar<string> {
  return { direction: 'at most', text: String(limit), limit: () => limit };
}

/** The command that runs a TypeScript program on every supported Node. */
export function typescript(path: string, ...args: readonly (string | number)[]): Command {
  return { args: ['--import', './src/base/typescript-register.mjs', path, ...args.map(String)] };
}

export function javascript(path: string, ...args: readonly (string | number)[]): Command {
  return { args: [path, ...args.map(String)] };
}

/** A field of the report, which must be there. */
export function reported(run: Run, field: string): number {
  const value = run.report?.[field];
  if (typeof value !== 'number') throw new Error(`the program did not report '${field}'`);
  return value;
}

/** Records, frames or the like a second, by the time that the program reports. */
export function perSecond(count: number, command: Command): Variant {
  return { command, measure: (run) => (count / reported(run, 'ms')) * 1000 };
}

/** A whole number of rows, frames or the like at this scale, never fewer than `least`. */
export function scaled(count: number, settings: Settings, least = 1): number {
  return Math.max(least, Math.round(count * settings.scale));
}
