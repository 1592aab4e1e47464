package versus;

/** The checksum of a row of Nexmark, by the text of its fields: that of native-bench/nexmark/checksum.ts. */
final class RowText {
  private RowText() {}

  static long hashOf(Object... fields) {
    StringBuilder row = new StringBuilder();
    for (int f = 0; f < fields.length; f++) {
      if (f > 0) row.append('|');
      row.append(fields[f]);
    }
    int low = 0x811c9dc5;
    int high = 0;
    for (int i = 0; i < row.length(); i++) {
      low = (low ^ row.charAt(i)) * 0x01000193;
      high = high * 31 + row.charAt(i);
    }
    low = Shape.mix32(low);
    return (long) Shape.mix32(high ^ low) << 32 | low & 0xffffffffL;
  }

  /** Thousandths, with three digits behind the point. */
  static String decimal(long thousandths) {
    return String.format("%d.%03d", thousandths / 1000, thousandths % 1000);
  }
}
