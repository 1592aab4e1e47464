/** Fires for every so many records of a window. Windows that merge have their counts added. */

import { NumberTrigger } from './number-trigger.ts';
import { CONTINUE, FIRE, type TriggerHost, type TriggerResult } from './trigger.ts';

export class CountTrigger extends NumberTrigger {
  readonly #limit: number;

  constructor(host: TriggerHost, limit: number) {
    super(host, 'count');
    this.#limit = limit;
  }

  override begin(slot: number): void {
    this.numbers[slot] = 0;
  }

  override onRecord(slot: number): TriggerResult {
    const count = this.numbers[slot]! + 1;
    const isEnough = count >= this.#limit;
    this.numbers[slot] = isEnough ? 0 : count;
    return isEnough ? FIRE : CONTINUE;
  }

  override mergeFrom(slot: number, other: number): void {
    this.numbers[slot]! += this.numbers[other]!;
  }

  override clear(slot: number): void {
    this.numbers[slot] = 0;
  }

  isAsBegun(slot: number): boolean {
    return this.numbers[slot] === 0;
  }
}
