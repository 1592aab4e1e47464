/** The states of an operator without the operator: keys are ints, the clock is an argument, snapshots are bytes. */
import assert from 'node:assert/strict';
import { type StateDescriptors, type StateHandles, stateSpecs } from '../../../src/api/state.ts';
import { BatchBuilder } from '../../../src/data/batch-builder.ts';
import { decodeBatch, encodeToBytes } from '../../../src/data/codec.ts';
import { KeyReader, type KeySpec } from '../../../src/data/key.ts';
import { type Field, record, type Schema, schemaOf, t } from '../../../src/data/schema.ts';
import { KeyedStates } from '../../../src/operator/process/keyed-states.ts';
import type { CaptureStep, RestoredState } from '../../../src/state/snapshot.ts';

const KEY = { kind: 'fields', fields: ['k'] } as const;
const KEYS = record({ k: t.int32 });

export type RigKey = { readonly key: KeySpec; readonly schema: Schema };
const INT_KEY: RigKey = { key: KEY, schema: KEYS };

/** Blocks by state. */
export type Saved = Map<
  string,
  { readonly fields: readonly Field[]; readonly bytes: Uint8Array }[]
>;

export class StatesRig<States extends StateDescriptors> {
  readonly states: KeyedStates;
  readonly #reader = new KeyReader(KEY, KEYS, null);

  constructor(states: States, restored: Saved = new Map(), nowMs = 0, key: RigKey = INT_KEY) {
    this.states = new KeyedStates(key.key, key.schema, key === INT_KEY, stateSpecs(states), states);
    this.states.scope.nowMs = nowMs;
    this.states.restore(restoredOf(restored), this.#reader);
  }

  /** The handles of a key. */
  of(k: number, nowMs = 0): StateHandles<States> {
    this.leave();
    const builder = new BatchBuilder(KEYS, 1);
    builder.appendRow({ k });
    this.#reader.read(builder.seal());
    this.states.scope.nowMs = nowMs;
    const [slot] = this.states.enter(this.#reader, 1);
    this.states.scope.slot = slot!;
    return this.states.handles as unknown as StateHandles<States>;
  }

  /** Does something to each of keys 0 to count - 1, which are scattered. */
  fill(count: number, act: (state: StateHandles<States>) => void): void {
    this.leave();
    const { scope, handles } = this.states;
    const builder = new BatchBuilder(KEYS);
    for (let from = 0; from < count; from += builder.capacity) {
      builder.reset();
      const to = Math.min(count, from + builder.capacity);
      for (let k = from; k < to; k++) builder.appendRow({ k: Math.imul(k, 7919) });
      this.#reader.read(builder.seal());
      const slots = this.states.enter(this.#reader, to - from);
      for (let i = 0; i < to - from; i++) {
        scope.slot = slots[i]!;
        act(handles as unknown as StateHandles<States>);
      }
      this.leave();
    }
  }

  /** The slot of the key of `of`. */
  get slot(): number {
    return this.states.scope.slot;
  }

  leave(): void {
    this.states.scope.leave();
    this.states.release();
  }

  /** Begins a snapshot; the steps that are left of it go into what it returns. */
  begin(): { readonly saved: Saved; readonly step: CaptureStep } {
    const saved: Saved = new Map();
    const steps: CaptureStep[] = [];
    this.states.capture({
      checkpoint: 1,
      base: null,
      delta: () => assert.fail('there is no base'),
      removed: () => assert.fail('there is no base'),
      keyed(state, batch) {
        const { fields } = batch.schema!;
        const blocks = saved.get(state) ?? [];
        saved.set(state, [...blocks, { fields, bytes: encodeToBytes(batch) }]);
      },
      items() {},
      rows() {},
      later: (step) => void steps.push(step),
    });
    return { saved, step: steps[0]! };
  }

  /** All of a snapshot at once. */
  save(): Saved {
    this.leave();
    const { saved, step } = this.begin();
    while (!step());
    return saved;
  }
}

function restoredOf(saved: Saved): RestoredState {
  return {
    *keyed(state) {
      for (const { fields, bytes } of saved.get(state) ?? []) {
        yield decodeBatch(bytes.buffer, bytes.byteOffset, bytes.length, schemaOf(fields));
      }
    },
    keyedRows: () => 0,
    items: () => [],
    rows: () => [],
  };
}
