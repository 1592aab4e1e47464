/** What the commands of `npm run bench` have in common. */
import { InvalidArgumentError } from 'commander';

export const RESULTS_FOLDER = 'native-bench/results';

export function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

/** Those with these names, or all. A name that is not there is an error that tells which are: `what` says of what. */
export function choose<T extends { readonly id: string }>(
  what: string,
  all: readonly T[],
  ids: readonly string[] | undefined,
): readonly T[] {
  return (ids ?? all.map(({ id }) => id)).map((wanted) => {
    const found = all.find(({ id }) => id === wanted);
    if (found !== undefined) return found;
    const known = all.map(({ id }) => id).join(', ');
    throw new Error(`there is no ${what} '${wanted}'; there are ${known}`);
  });
}

/** A list within one argument: 'q1,q5'. */
export function commaList(text: string): readonly string[] {
  return text.split(',');
}
