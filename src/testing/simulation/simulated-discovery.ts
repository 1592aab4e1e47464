/**
 * How the sources of a simulated job find splits while they are read: a seed decides in which rounds they are asked, when each subtask
 * gets to know, and when it is known of a split that it has been read. What a source would do without end has one here: when it has often been asked in vain.
 */
import { nextTurn } from '../../base/event-loop.ts';
import type { Random } from '../../base/random.ts';
import type { NodeId } from '../../graph/graph.ts';
import type { BuiltJob } from '../../graph/job-registry.ts';
import type { KnownSplits } from '../../job/known-splits.ts';
import { discoveriesOf, type SplitDiscovery } from '../../job/split-discovery.ts';
import type { ThreadLooks } from '../../task/deployment.ts';
import type { FoundSplits } from '../../task/split-state.ts';

/** One of so many rounds has a look. */
const ROUNDS_A_LOOK = 8;
/** Looks in a row without anything new, after which no more splits come. */
const VAIN_LOOKS = 5;

type OpenSource = Parameters<ThreadLooks['addSource']>[1];

export class SimulatedDiscovery {
  /** For the subtasks to be known. */
  readonly looks: ThreadLooks = {
    addOperator() {},
    addGate() {},
    addSource: (source, input) => this.#inputs.push({ source, input }),
  };
  readonly #inputs: { readonly source: NodeId; readonly input: OpenSource }[] = [];
  readonly #discoveries: readonly SplitDiscovery[];
  readonly #known: readonly KnownSplits[];
  readonly #random: Random;
  /** Of each subtask, what it has not been told yet. */
  readonly #untold = new Map<OpenSource, FoundSplits[]>();
  /** Splits that have been read, of which the calling thread does not know yet. */
  readonly #unreported: (() => void)[] = [];
  #isLooking = false;
  #vainLooks = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(built: BuiltJob, parallelism: number, known: readonly KnownSplits[], random: Random) {
    this.#random = random;
    const { bindings } = built;
    this.#known = known.filter(({ node }) => bindings[node]!.source!.discovery !== undefined);
    this.#discoveries = discoveriesOf(built, parallelism, known, {
      isReady: () => true,
      tell: (source, found) => this.#tell(source, found),
      warn: () => {},
      onFailure: () => {},
    });
  }

  get isNeeded(): boolean {
    return this.#discoveries.length > 0;
  }

  onSplitRead(source: NodeId, split: string): void {
    this.#unreported.push(() => this.#known.find(({ node }) => node === source)!.onRead(split));
  }

  finds(source: NodeId): boolean {
    return this.#known.some(({ node }) => node === source);
  }

  /** Before each round. */
  async round(): Promise<void> {
    if (!this.isNeeded) return;
    for (const [input, untold] of this.#untold) {
      if (untold.length > 0 && this.#random.below(2) === 0) input.onFound(untold.shift()!);
    }
    while (this.#unreported.length > 0 && this.#random.below(3) > 0) this.#unreported.shift()!();
    if (!this.#isLooking && this.#random.below(ROUNDS_A_LOOK) === 0) void this.#look();
    await nextTurn();
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#vainLooks++;
    try {
      for (const discovery of this.#discoveries) await discovery.look();
    } catch (error) {
      this.#failure = { error };
    }
    this.#isLooking = false;
  }

  async #tell(source: NodeId, found: FoundSplits): Promise<void> {
    if (found.splits.length > 0) this.#vainLooks = 0;
    for (const one of this.#inputs.filter((input) => input.source === source)) {
      this.#untold.set(one.input, [...(this.#untold.get(one.input) ?? []), found]);
    }
  }

  /** Nothing is left to read, and nothing comes. */
  get isOver(): boolean {
    return this.#vainLooks > VAIN_LOOKS && !this.#known.some(({ hasToRead }) => hasToRead);
  }
}
