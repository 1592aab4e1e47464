package versus;

import com.hazelcast.jet.core.AbstractProcessor;
import com.hazelcast.jet.core.Processor;
import com.hazelcast.jet.core.ProcessorSupplier;
import com.hazelcast.jet.datamodel.KeyedWindowResult;
import java.util.Collection;
import java.util.stream.IntStream;

/** Takes everything and keeps nothing but the number of rows, and the sum of their hashes where they are verified. */
final class CountingSink extends AbstractProcessor {
  private final boolean isVerified;
  private long rows;
  private long checksum;

  private CountingSink(boolean isVerified) {
    this.isVerified = isVerified;
  }

  @Override
  protected boolean tryProcess0(Object item) {
    rows++;
    if (isVerified) {
      @SuppressWarnings("unchecked")
      KeyedWindowResult<Integer, Windows.Totals> row =
          (KeyedWindowResult<Integer, Windows.Totals>) item;
      Windows.Totals totals = row.result();
      checksum += Shape.hashOf(row.key(), row.start(), row.end(), totals.count, totals.sum);
    }
    return true;
  }

  @Override
  public boolean complete() {
    Stopwatch.end(rows, 0, checksum);
    return true;
  }

  record Supplier(boolean isVerified) implements ProcessorSupplier {
    @Override
    public Collection<? extends Processor> get(int count) {
      return IntStream.range(0, count).mapToObj(index -> new CountingSink(isVerified)).toList();
    }
  }
}
