package versus;

/**
 * The shape of the stream and the checksum of results: the arithmetic of native-bench/versus/shape.ts, which must give the
 * same numbers.
 */
final class Shape {
  private Shape() {}

  /** A bijection of 32-bit numbers in which every bit of the input reaches every bit of the output. */
  static int mix32(int x) {
    x = (x ^ (x >>> 16)) * 0x85ebca6b;
    x = (x ^ (x >>> 13)) * 0xc2b2ae35;
    return x ^ (x >>> 16);
  }

  /** Zero keys: a job without keys, whose records are numbered instead. */
  static int keyOf(long i, int keys) {
    return keys == 0 ? (int) i & 0x7fffffff : (mix32((int) i) >>> 1) % keys;
  }

  static long amountOf(long i) {
    return i & 1023;
  }

  /**
   * Even, so that no record comes exactly at the end of a gap that is odd: whether it still belongs to the session depends on
   * how far the watermark has come.
   */
  static long timeOf(long i, int perMs) {
    return 2 * (i / (2L * perMs));
  }

  /** The number of the first record behind i that has another time. */
  static long timeEnds(long i, int perMs) {
    return (i / (2L * perMs) + 1) * 2L * perMs;
  }

  /** The hash of a row so far, and one more whole number. */
  private static int fold(int hash, long number) {
    return mix32(mix32(hash ^ (int) number) + (int) (number >> 32));
  }

  /** The hash of a row of whole numbers: its fields in order. */
  static long hashOf(long... fields) {
    int hash = 0;
    for (long field : fields) hash = fold(hash, field);
    return hash & 0xffffffffL;
  }
}
