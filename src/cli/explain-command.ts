/** `millrace explain`: what a job would run, without running it. */
import { availableParallelism } from 'node:os';
import { explain } from '../graph/explain.ts';
import { explanationDot } from '../graph/explain-dot.ts';
import { explanationText } from '../graph/explain-text.ts';
import { jobOptions } from './config/settings.ts';
import { EXIT } from './exit-codes.ts';
import { fail } from './failure.ts';
import { findModule, loadJob } from './load-job.ts';
import type { JobFlags } from './run-options.ts';

export type ExplainFlags = JobFlags & {
  /** Instead of text. */
  readonly json?: boolean;
  readonly dot?: boolean;
};

/** Exit code of the process. */
export async function explainCommand(module: string, flags: ExplainFlags): Promise<number> {
  try {
    const path = await findModule(module);
    const optionsOf = await jobOptions(flags);
    const job = await loadJob(path, flags.job ?? null);
    const { params, ...options } = optionsOf(job.name);
    const { threads = availableParallelism() } = options;
    const { parallelism = Math.max(1, threads), chaining = true } = options;
    const { graph, bindings } = job.build(params, false);
    const explanation = explain(graph, bindings, { threads, parallelism, chaining });
    if (flags.json) console.log(JSON.stringify(explanation, null, 2));
    else if (flags.dot) console.log(explanationDot(explanation));
    else console.log(explanationText(explanation));
    return EXIT.done;
  } catch (error) {
    return fail(flags, error);
  }
}
