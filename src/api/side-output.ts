/** Names of streams beside the main one. */
import { someText, wrong } from '../base/options.ts';

declare const ROW: unique symbol;

/** Names of all side outputs that were made: a harness gives each process function all of them. */
const names = new Set<string>();

export function sideOutputNames(): ReadonlySet<string> {
  return names;
}

/** The name of a side output, with the type of its rows. */
export class SideOutput<Row> {
  declare readonly [ROW]?: (row: Row) => void;
  readonly name: string;

  constructor(name: string) {
    someText('the name of a side output', name);
    this.name = name;
    names.add(name);
  }
}

/**
 * A side output: `const late = sideOutput<Bid>('late bids')`, then `lateTo` of a window, and `sideOutput` of the stream of its
 * results. EngineError JOB_DEFINITION for an empty name.
 */
export function sideOutput<Row>(name: string): SideOutput<Row> {
  return new SideOutput<Row>(name);
}

/** Refuses what is none. */
export function aSideOutput(what: string, value: unknown): void {
  if (!(value instanceof SideOutput)) throw wrong(what, 'is made by sideOutput(...)', value);
}
