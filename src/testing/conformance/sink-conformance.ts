/** What every sink has to keep to, as cases for a test runner. */

import {
  aFunction,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
} from '../../base/options.ts';
import { Random } from '../../base/random.ts';
import { aSchema, type Schema } from '../../data/schema.ts';
import type { Sink } from '../../operator/sink.ts';
import { aDuration, type Duration } from '../../time/duration.ts';
import { aFailing, type ConformanceCase, caseOf, errorCase } from './conformance-case.ts';
import { SinkSuite } from './sink-suite.ts';

/** A sink under test. Defaults in brackets. */
export type SinkConformanceOptions<Row> = {
  /** Makes the sink anew, as each thread and each run of a job does, over the same place each time. */
  readonly sink: () => Sink<Row>;
  /** Row number n, all of them different. */
  readonly row: (n: number) => Row;
  /** All rows that others see now, in any order. */
  readonly visible: () => readonly unknown[] | PromiseLike<readonly unknown[]>;
  /** Empties the place: called before each case. */
  readonly clear: () => unknown;
  /** Of the rows; rows come as columns then [free-form rows]. */
  readonly schema?: Schema<Row>;
  /** 'atLeastOnce': rows may be seen before the commit, and again after a failure ['exactlyOnce']. */
  readonly guarantee?: 'exactlyOnce' | 'atLeastOnce';
  /** The same sink over a place that cannot be written to, and what its error says [not looked at]. */
  readonly failing?: { readonly sink: () => Sink<Row>; readonly message: RegExp };
  /** Random runs through crashes [10]. */
  readonly runs?: number;
  /** How long a writer may be busy ['10 s']. */
  readonly patience?: Duration;
};

const OPTIONS: OptionRules<SinkConformanceOptions<unknown>> = {
  sink: aFunction,
  row: aFunction,
  visible: aFunction,
  clear: aFunction,
  schema: aSchema,
  guarantee: choice('exactlyOnce', 'atLeastOnce'),
  failing: aFailing('sink'),
  runs: wholeNumber(1),
  patience: aDuration,
};

/**
 * The rules that a sink has to keep to, as cases for any test runner: rows are seen when they are committed, and not before; a
 * commit may be repeated, also by another run after a crash; what was written behind a checkpoint and comes again is seen once;
 * other numbers of subtasks go on; what is discarded or cancelled leaves nothing; batches are not kept; errors come out.
 *
 *   let seen: { n: number }[] = [];
 *   const cases = sinkConformance({
 *     sink: () => send((rows: readonly { n: number }[]) => void seen.push(...rows)),
 *     row: (n) => ({ n }),
 *     visible: () => seen,
 *     clear: () => (seen = []),
 *     guarantee: 'atLeastOnce',
 *   });
 *   for (const { name, run } of cases) await run();
 */
export function sinkConformance<Row>(
  options: SinkConformanceOptions<Row>,
): readonly ConformanceCase[] {
  checkOptions('sinkConformance', options, OPTIONS as OptionRules<SinkConformanceOptions<Row>>);
  for (const name of ['sink', 'row', 'visible', 'clear'] as const) {
    aFunction(`sinkConformance: ${name}`, options[name]);
  }
  const suite = new SinkSuite(options as SinkConformanceOptions<unknown>);
  const isOnce = options.guarantee !== 'atLeastOnce';
  const { failing } = options;
  const of = (name: string, run: () => Promise<void>): ConformanceCase =>
    caseOf(name, async () => {
      await options.clear();
      await run();
    });
  return [
    of('all rows are seen when the job is complete', () => suite.completes()),
    of('batches of any size, in memory that is used again', () => suite.takesBatches()),
    of('no rows are no rows', () => suite.takesNothing()),
    ...(isOnce
      ? [
          of('nothing is seen before the commit', () => suite.hides()),
          of('a commit may be repeated', () => suite.repeatsCommits()),
          of('what is discarded is not seen', () => suite.discards()),
        ]
      : []),
    of('a crash between pre-commit and commit', () => suite.commitsAfterCrash()),
    of('rows behind a checkpoint, written again after a crash', () => suite.writesAgain()),
    of('several checkpoints in one commit', () => suite.commitsSeveral()),
    of('restored by 1, 2, 3 and 1 subtasks', () => suite.rescales()),
    ...Array.from({ length: options.runs ?? 10 }, (_, n) =>
      of(`through crashes, each back to the last checkpoint (${n + 1})`, () =>
        suite.survives(new Random(n + 1)),
      ),
    ),
    of('cancelled in the middle, it leaves nothing to be seen', () => suite.cancels()),
    ...(failing === undefined
      ? []
      : [
          errorCase('an error of the output comes out', failing.message, () =>
            suite.fails(failing.sink as () => Sink),
          ),
        ]),
  ];
}
