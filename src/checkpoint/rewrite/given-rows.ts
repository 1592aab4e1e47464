/** Rows of a state from outside, each with a number by which people find it again. */
import { EngineError, messageOf } from '../../base/errors.ts';

export type GivenRow = { readonly row: Readonly<Record<string, unknown>>; readonly at: number };

export type GivenRows = {
  readonly rows: Iterable<GivenRow>;
  /** What the row with a number is called: `total.jsonl:12`. */
  place(at: number): string;
};

/** The error for a row, with its place. */
export function rowError({ place }: GivenRows, at: number, error: unknown): EngineError {
  return new EngineError('INPUT_MALFORMED', `${place(at)}: ${messageOf(error)}`, { cause: error });
}
