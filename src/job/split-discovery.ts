/**
 * Looks for splits that come while a job runs, of one source, in the calling thread: asks the source at its interval, and tells the
 * subtasks what is new. Never more than one look is under way.
 *
 * A source that cannot say now is asked again at its time: what is known is read meanwhile, and nothing is lost. One whose answer
 * makes no sense fails the job, as it does at the start.
 */
import { EngineError, messageOf } from '../base/errors.ts';
import { after } from '../base/event-loop.ts';
import { START_LOOK_MS } from '../base/limits.ts';
import type { LogicalNode, NodeId } from '../graph/graph.ts';
import type { BuiltJob } from '../graph/job-registry.ts';
import { parallelismOf } from '../graph/parallelism.ts';
import type { Source, SourceDiscovery, SourceSplit } from '../operator/source.ts';
import { inCallingThread } from '../operator/user-function.ts';
import { type FoundSplits, fromItsStart } from '../task/split-state.ts';
import type { KnownSplits } from './known-splits.ts';
import { stagesOf } from './start.ts';

type DiscoveringSource = Source & { readonly discovery: SourceDiscovery };

export type SplitDiscoveryOptions = {
  readonly node: LogicalNode;
  readonly source: DiscoveringSource;
  readonly parallelism: number;
  readonly known: KnownSplits;
  /** Whether the subtasks of the source can be told something. */
  readonly isReady: (source: NodeId) => boolean;
  /** Resolves when all of them have been told. */
  readonly tell: (source: NodeId, found: FoundSplits) => Promise<void>;
  readonly warn: (message: string) => void;
  readonly onFailure: (error: unknown) => void;
};

/** Of the sources of a job that look for splits while they are read. */
export function discoveriesOf(
  { graph, bindings }: BuiltJob,
  parallelism: number,
  known: readonly KnownSplits[],
  job: Pick<SplitDiscoveryOptions, 'isReady' | 'tell' | 'warn' | 'onFailure'>,
): SplitDiscovery[] {
  return known.flatMap((splits) => {
    const node = graph.nodes[splits.node]!;
    const source = bindings[splits.node]!.source!;
    if (source.discovery === undefined) return [];
    return new SplitDiscovery({
      ...job,
      node,
      source: source as DiscoveringSource,
      parallelism: parallelismOf(graph, node, { parallelism }),
      known: splits,
    });
  });
}

export class SplitDiscovery {
  readonly #options: SplitDiscoveryOptions;
  #stopTimer = (): void => {};
  #hasEnded = false;
  /** The last look was in vain, and said so. */
  #hasWarned = false;

  constructor(options: SplitDiscoveryOptions) {
    this.#options = options;
  }

  /** Looks again and again until `stop`: at once where the splits that are known are those of a checkpoint. */
  start(): void {
    const { source, known } = this.#options;
    this.#lookIn(known.isRestored ? 0 : source.discovery.everyMs);
  }

  #lookIn(inMs: number): void {
    const { node, isReady } = this.#options;
    this.#stopTimer = after(inMs, () => {
      if (!isReady(node.id)) this.#lookIn(START_LOOK_MS);
      else void this.#lookAndGoOn();
    });
  }

  async #lookAndGoOn(): Promise<void> {
    const { source, onFailure } = this.#options;
    try {
      await this.look();
    } catch (error) {
      if (!this.#hasEnded) onFailure(error);
      return;
    }
    if (!this.#hasEnded) this.#lookIn(source.discovery.everyMs);
  }

  /** One look. */
  async look(): Promise<void> {
    const { node, source, known, tell } = this.#options;
    const listed = await this.#list();
    if (listed === null || this.#hasEnded) return;
    stagesOf(node, source, listed.map(fromItsStart), 'JOB_DEFINITION');
    const found = known.take(listed);
    if (found !== null) await tell(node.id, found);
  }

  /** Null when the source cannot say. */
  async #list(): Promise<readonly SourceSplit[] | null> {
    const { node, source, parallelism, warn } = this.#options;
    const { discovery } = source;
    try {
      const listed = await inCallingThread(node.name, () => discovery.findSplits(parallelism));
      this.#hasWarned = false;
      return listed;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'JOB_DEFINITION') throw error;
      if (!this.#hasWarned && !this.#hasEnded) {
        const often = `${discovery.everyMs} ms`;
        warn(
          `looking for new splits failed, and is tried again every ${often}: ${messageOf(error)}`,
        );
      }
      this.#hasWarned = true;
      return null;
    }
  }

  stop(): void {
    this.#hasEnded = true;
    this.#stopTimer();
  }
}
