/** What takes its time: it is begun by one request, and its outcome asked for by others, under an id. */
import { messageOf } from '../base/errors.ts';
import { OPERATIONS_MAX } from '../base/limits.ts';
import { randomId } from '../base/random-id.ts';

export type OperationKind = 'savepoint' | 'checkpoint';

/** What it has made: a path, the number of a checkpoint, null for nothing. */
type Made = string | number | null;

export type Outcome =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly made: Made }
  | { readonly state: 'failed'; readonly error: string };

type Operation = { readonly kind: OperationKind; outcome: Outcome };

export class Operations {
  /** The oldest first. */
  readonly #operations = new Map<string, Operation>();
  /** Those that nobody has been told the end of. */
  readonly #untold = new Set<string>();

  /** Begins it; resolves to what it has made. The id to ask by. */
  begin(kind: OperationKind, work: () => Promise<Made>): string {
    const id = randomId() + randomId();
    const operation: Operation = { kind, outcome: { state: 'running' } };
    this.#operations.set(id, operation);
    this.#untold.add(id);
    work().then(
      (made) => {
        operation.outcome = { state: 'done', made };
      },
      (error: unknown) => {
        operation.outcome = { state: 'failed', error: messageOf(error) };
      },
    );
    if (this.#operations.size > OPERATIONS_MAX) this.#forget(this.#operations.keys().next().value!);
    return id;
  }

  #forget(id: string): void {
    this.#operations.delete(id);
    this.#untold.delete(id);
  }

  /** Null for one that there is not, or is not any more. */
  outcome(kind: OperationKind, id: string): Outcome | null {
    const operation = this.#operations.get(id);
    if (operation?.kind !== kind) return null;
    if (operation.outcome.state !== 'running') this.#untold.delete(id);
    return operation.outcome;
  }

  /** Whether someone may still ask for an end. */
  get hasUntold(): boolean {
    return this.#untold.size > 0;
  }
}
