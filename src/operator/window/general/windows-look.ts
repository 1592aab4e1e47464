/** Windows of any kind as those see it who watch the job: their bounds, and beside them what a snapshot has of a window. */
import type { StateLook, StateSize, WindowOfKey } from '../../state-look.ts';
import type { WindowKeys } from './window-keys.ts';
import { NONE } from './window-lines.ts';
import { STATE, type WindowSnapshot } from './window-snapshot.ts';
import type { WindowTable } from './window-table.ts';

export class WindowsLook implements StateLook {
  readonly #windows: WindowTable;
  readonly #keys: WindowKeys;
  readonly #snapshot: WindowSnapshot;

  readonly #states: StateLook | null;

  /** `states`: what the function of windows keeps of a key, over all its windows; null for nothing. */
  constructor(
    windows: WindowTable,
    keys: WindowKeys,
    snapshot: WindowSnapshot,
    states: StateLook | null,
  ) {
    this.#windows = windows;
    this.#keys = keys;
    this.#snapshot = snapshot;
    this.#states = states;
  }

  /** Of windows; state of a key stays behind them. */
  get keyCount(): number {
    return this.#windows.keyCount;
  }

  sizes(): readonly StateSize[] {
    const { keyCount, count } = this.#windows;
    const windows: StateSize = { name: STATE, kind: 'windows', keys: keyCount, windows: count };
    return [windows, ...(this.#states?.sizes() ?? [])];
  }

  valueOf(state: string, key: unknown): unknown {
    return state === STATE ? this.#windowsOf(key) : this.#states?.valueOf(state, key);
  }

  #windowsOf(key: unknown): readonly WindowOfKey[] | undefined {
    const windows = this.#windows;
    const keySlot = this.#keys.slots.find(this.#snapshot.readKey(key));
    const found: WindowOfKey[] = [];
    // A key that has no window any more may have a slot.
    for (let at = windows.heads[keySlot] ?? NONE; at !== NONE; at = windows.nextOf(at)) {
      const [start, end] = [windows.startOf(at), windows.endOf(at)];
      found.push({ start, end, values: this.#snapshot.valuesOf(at) });
    }
    return found.length === 0 ? undefined : found.sort((a, b) => a.start - b.start);
  }
}
