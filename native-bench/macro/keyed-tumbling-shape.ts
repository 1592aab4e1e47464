/** The shape of the stream and of its results, the same for the engine and for the bare loops. */
export const RECORDS_PER_MS = 1000;
export const WINDOW_MS = 10_000;

/** Share of one result in the checksum: exact in any order, and other when keys or windows are mixed up. */
export function checksumOf(key: number, windowStart: number, count: number, sum: number): number {
  const window = windowStart / WINDOW_MS;
  return (1 + ((key * 31 + window) % 997)) * (count + sum);
}
