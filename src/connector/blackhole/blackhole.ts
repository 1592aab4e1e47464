/** A sink that takes everything and keeps nothing: for measuring what comes before it. */
import type { Sink } from '../../operator/sink.ts';

/** `bids.to(blackhole())`. */
export function blackhole(): Sink {
  return {
    name: 'blackhole',
    descriptor: null,
    createWriter: () => ({
      isBusy: false,
      write(): void {},
      preCommit: () => [],
      close(): void {},
    }),
    commit: async () => {},
  };
}
