/** Names of streams beside the main one. */
import { someText } from '../base/options.ts';

declare const ROW: unique symbol;

/** The name of a side output, with the type of its rows. */
export class SideOutput<Row> {
  declare readonly [ROW]?: Row;
  readonly name: string;

  constructor(name: string) {
    someText('the name of a side output', name);
    this.name = name;
  }
}

/**
 * A side output: `const late = sideOutput<Bid>('late bids')`, then `.lateTo(late)` on a window, and on the stream of its
 * results `.sideOutput(late)`. EngineError JOB_DEFINITION for an empty name.
 */
export function sideOutput<Row>(name: string): SideOutput<Row> {
  return new SideOutput<Row>(name);
}
