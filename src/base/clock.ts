/** Processing time as a parameter: the system's, or a virtual one that tests move by hand. */

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Milliseconds from an arbitrary origin, never going back; for durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/**
 * A clock that stands still until it is moved:
 *
 *   const clock = new VirtualClock(0);
 *   clock.advanceTo(1000);
 *   clock.now() - clock.monotonic();
 */
export class VirtualClock implements Clock {
  #now: number;

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Moves to `time`; going back is a mistake. */
  advanceTo(time: number): void {
    if (time < this.#now) throw new RangeError(`clock cannot go back from ${this.#now} to ${time}`);
    this.#now = time;
  }
}
