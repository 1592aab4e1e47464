/**
 * Time to live of state, in processing time: what was last touched at t has expired when t + duration <= now.
 *
 * A duration may be so long that the sum is beyond all dates: sums of doubles do not overflow.
 */
export type TtlSpec = {
  readonly durationMs: number;
  /** Whether reading begins the time anew, as writing does. */
  readonly isRefreshedByReads: boolean;
  /** Whether what has expired is still seen once, when it has not been cleaned up yet. */
  readonly showsExpired: boolean;
  /** Keys that each access looks at to find what has expired; 0 for none. */
  readonly sweptKeys: number;
  /** Whether snapshots leave out what has expired. */
  readonly dropsInSnapshots: boolean;
};

export function isExpired(ttl: TtlSpec, touchedMs: number, nowMs: number): boolean {
  return touchedMs + ttl.durationMs <= nowMs;
}
