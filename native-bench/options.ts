/** What the commands of `npm run bench` have in common. */
import { InvalidArgumentError } from 'commander';

export const RESULTS_FOLDER = 'native-bench/results';

export function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}
