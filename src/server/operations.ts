/** What takes its time: it is begun by one request, and its outcome asked for by others, under an id. */
import { messageOf } from '../base/errors.ts';
import { OPERATIONS_MAX } from '../base/limits.ts';
import { randomId } from '../base/random-id.ts';

export type Outcome =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly location: string | null }
  | { readonly state: 'failed'; readonly error: string };

export class Operations {
  /** The oldest first. */
  readonly #outcomes = new Map<string, Outcome>();
  /** Those that nobody has been told the end of. */
  readonly #untold = new Set<string>();

  /** Begins it; resolves to where it has written, null for nowhere. The id to ask by. */
  begin(work: () => Promise<string | null>): string {
    const id = randomId() + randomId();
    this.#outcomes.set(id, { state: 'running' });
    this.#untold.add(id);
    work().then(
      (location) => this.#outcomes.set(id, { state: 'done', location }),
      (error: unknown) => this.#outcomes.set(id, { state: 'failed', error: messageOf(error) }),
    );
    if (this.#outcomes.size > OPERATIONS_MAX) this.#forget(this.#outcomes.keys().next().value!);
    return id;
  }

  #forget(id: string): void {
    this.#outcomes.delete(id);
    this.#untold.delete(id);
  }

  outcome(id: string): Outcome | null {
    const outcome = this.#outcomes.get(id) ?? null;
    if (outcome?.state !== 'running') this.#untold.delete(id);
    return outcome;
  }

  /** Whether someone may still ask for an end. */
  get hasUntold(): boolean {
    return this.#untold.size > 0;
  }
}
