/** What every step of a flow has: a name, an identity, its place among threads. */
import { EngineError } from '../base/errors.ts';
import { MAX_PARALLELISM_LIMIT } from '../base/limits.ts';
import { someText, wholeNumber, wrong } from '../base/options.ts';
import type { NodeId } from '../graph/graph.ts';
import { type Duration, durationMs } from '../time/duration.ts';
import type { GraphBuilder, NodeSettings } from './graph-builder.ts';

/** A step of the flow that can be named and placed. */
export class Step {
  readonly #builder: GraphBuilder;
  readonly #node: NodeId | null;

  /** Without a node for what is not a step of its own, such as a union. */
  constructor(builder: GraphBuilder, node: NodeId | null) {
    this.#builder = builder;
    this.#node = node;
  }

  /** Name in messages and metrics: `.name('hourly')`. */
  name(name: string): this {
    someText('name', name);
    return this.#configure({ name });
  }

  /**
   * What it does, at length, for those who look at the job: `.name('dear').description('Bids above 100, as rule 7 says')`. It is
   * shown in place of the name by the plan, and beside it by `millrace explain` and the dashboard.
   */
  description(description: string): this {
    someText('description', description);
    return this.#configure({ description });
  }

  /** Identity under which state is found again, unique in the job: `.keyBy('user').sum('price').uid('turnover')`. */
  uid(uid: string): this {
    someText('uid', uid);
    return this.#configure({ uid });
  }

  /** Number of subtasks of this step: `.map((bid) => bid.price).parallelism(4)`. */
  parallelism(parallelism: number): this {
    aParallelism('parallelism', parallelism);
    return this.#configure({ parallelism });
  }

  /**
   * Most subtasks that this step may ever have: the number of key groups that its state is cut into, which stays for the life of
   * the state. Left out, it is that of the job: `.keyBy('user').sum('price').maxParallelism(4096)`.
   */
  maxParallelism(maxParallelism: number): this {
    aParallelism('maxParallelism', maxParallelism);
    return this.#configure({ maxParallelism });
  }

  /**
   * How long its rows wait for others to be sent with, where they go to other subtasks: `.map((bid) => bid.price).bufferTimeout('1 ms')`.
   * Left out, as long as the job says; of steps that share subtasks the shortest holds.
   */
  bufferTimeout(timeout: Duration): this {
    return this.#configure({ bufferTimeoutMs: durationMs(timeout, 'bufferTimeout') });
  }

  /** Does not share subtasks with the step before: `.map((bid) => bid.price).startNewChain()`. */
  startNewChain(): this {
    return this.#configure({ chaining: 'head' });
  }

  /** Shares subtasks with no other step: `.map((bid) => bid.price).disableChaining()`. */
  disableChaining(): this {
    return this.#configure({ chaining: 'never' });
  }

  /**
   * All its subtasks run on one thread, counted from 0; of fewer threads on the one that is left by division:
   * `.map((bid) => bid.price).pin(1)`. What shares its subtasks goes with it; a step that is pinned elsewhere does not share them.
   */
  pin(thread: number): this {
    wholeNumber(0)('pin: the thread', thread);
    return this.#configure({ thread });
  }

  #configure(settings: NodeSettings): this {
    if (this.#node === null) {
      const [what] = Object.keys(settings).map((name) => name.replace(/Ms$/, ''));
      throw new EngineError(
        'JOB_DEFINITION',
        `a union or a partitioning is no step: set its ${what} on the step before or behind it`,
      );
    }
    this.#builder.configure(this.#node, settings);
    return this;
  }
}

function aParallelism(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_PARALLELISM_LIMIT) return;
  throw wrong(what, `must be a whole number from 1 to ${MAX_PARALLELISM_LIMIT}`, value);
}
