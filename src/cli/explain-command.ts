/** `millrace explain`: what a job would run, without running it. */
import { availableParallelism } from 'node:os';
import { explain } from '../graph/explain.ts';
import { explanationDot } from '../graph/explain-dot.ts';
import { explanationText } from '../graph/explain-text.ts';
import { EXIT } from './exit-codes.ts';
import { describeFailure, findModule, loadJob } from './load-job.ts';

export type ExplainFlags = {
  readonly threads?: number;
  readonly parallelism?: number;
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  /** Instead of text. */
  readonly json?: boolean;
  readonly dot?: boolean;
};

/** Exit code of the process. */
export async function explainCommand(module: string, flags: ExplainFlags): Promise<number> {
  try {
    const job = await loadJob(await findModule(module), flags.job ?? null);
    const threads = flags.threads ?? availableParallelism();
    const parallelism = flags.parallelism ?? Math.max(1, threads);
    const { graph, bindings } = job.build(flags.param, false);
    const explanation = explain(graph, bindings, { threads, parallelism });
    if (flags.json) console.log(JSON.stringify(explanation, null, 2));
    else if (flags.dot) console.log(explanationDot(explanation));
    else console.log(explanationText(explanation));
    return EXIT.done;
  } catch (error) {
    console.error(describeFailure(error));
    return EXIT.failed;
  }
}
