/**
 * What sources of the kit read: portions, each with the position behind it. A feed asks the user's code for one after the
 * other; the reader (portion-reader.ts) makes batches of them, and remembers where it is.
 *
 *   open(position) → (next → portion | none)* → close
 */
import type { PlainData } from '../../operator/source.ts';

/** Records that were read together, and where to read on behind them. */
export type Portion<Row, Position> = {
  readonly records: readonly Row[];
  /** Reading from here gives what comes behind these records, the same ones each time. */
  readonly position: Position;
};

/** Null: there is nothing any more. */
export type NextPortion = Portion<unknown, PlainData> | null;

export interface Feed {
  /** Asks for the next portion, never for two at a time. */
  next(): NextPortion | PromiseLike<NextPortion>;
  /** How long to wait, from when it was asked for, before the one behind a portion is asked for. */
  pauseMs(portion: Portion<unknown, PlainData>): number;
  close(): void;
}
