/** Reducing and aggregating state: what was added so far, as one value a key. */
import { EngineError } from '../base/errors.ts';
import { isPlain } from '../data/dynamic-codec.ts';
import { describe } from '../data/field-check.ts';
import type { AggregatingState, ReducingState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import { type SingleOptions, SingleTable } from './value-table.ts';

export type ReduceValues = (value: unknown, added: unknown) => unknown;

export class ReducingTable extends SingleTable implements ReducingState<unknown> {
  readonly #fn: ReduceValues;

  constructor(options: SingleOptions, fn: ReduceValues, scope: KeyScope) {
    super(options, scope);
    this.#fn = fn;
  }

  get(): unknown {
    return this.read(this.enter());
  }

  add(value: unknown): void {
    const slot = this.enter();
    this.type.check(value);
    const before = this.peek(slot);
    const after = before === undefined ? value : this.#fn(before, value);
    this.write(slot, this.own(after), this.scope.nowMs);
  }
}

/** An aggregate as a state needs it: a UserAggregate without `merge`. */
export type Folding = {
  create(): unknown;
  add(accumulator: unknown, value: unknown): unknown;
  result(accumulator: unknown): unknown;
  pack?(accumulator: unknown): unknown;
  unpack?(packed: unknown): unknown;
};

/** An accumulator may be undefined, which is no value: it is held in a box. */
type Box = { accumulator: unknown };

export class AggregatingTable extends SingleTable implements AggregatingState<unknown, unknown> {
  readonly #aggregate: Folding;

  constructor(options: SingleOptions, aggregate: Folding, scope: KeyScope) {
    super(options, scope);
    this.#aggregate = aggregate;
  }

  get(): unknown {
    const box = this.read(this.enter()) as Box | undefined;
    return box === undefined ? undefined : this.#aggregate.result(box.accumulator);
  }

  add(value: unknown): void {
    const slot = this.enter();
    const before = this.peek(slot) as Box | undefined;
    const box = before ?? { accumulator: this.#aggregate.create() };
    box.accumulator = this.#aggregate.add(box.accumulator, value);
    this.write(slot, box, this.scope.nowMs);
  }

  override isShared(slot: number, value: unknown): boolean {
    return (this.values.get(slot) as Box | undefined)?.accumulator === value;
  }

  protected override packed(value: unknown): unknown {
    const { accumulator } = value as Box;
    const aggregate = this.#aggregate;
    if (aggregate.pack !== undefined) return aggregate.pack(accumulator);
    if (!isInstance(accumulator)) return accumulator;
    throw new EngineError(
      'VALUE_NOT_TRANSFERABLE',
      `state '${this.name}': the accumulator is ${describe(accumulator)} of a class, which would come out of a ` +
        'snapshot as a plain object: give the aggregate pack and unpack',
    );
  }

  protected override unpacked(value: unknown): unknown {
    const { unpack } = this.#aggregate;
    return { accumulator: unpack === undefined ? value : this.#aggregate.unpack!(value) };
  }
}

/** An instance of a class of the user's. */
function isInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || isPlain(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isTagged = Object.prototype.toString.call(value) === '[object Object]';
  return isTagged && prototype !== Object.prototype && prototype !== null;
}
