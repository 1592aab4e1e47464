package versus;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Takes everything and keeps nothing but the number of rows, and the sum of their hashes where they are verified. */
final class CountingSink<T> implements Sink<T> {
  /** Two hashes of 32 bits, or one in the lower half. */
  interface Hash<T> extends ToLongFunction<T>, Serializable {}

  interface Key<T> extends Function<T, Object>, Serializable {}

  /** Null: rows are only counted. */
  private final Hash<T> hash;
  /** Of an updating result: only the last row of a key is verified. Null: all are. */
  private final Key<T> key;

  CountingSink(Settings settings, Hash<T> hash) {
    this(settings, null, hash);
  }

  CountingSink(Settings settings, Key<T> key, Hash<T> hash) {
    this(settings.verify, key, hash);
  }

  CountingSink(boolean isVerified, Key<T> key, Hash<T> hash) {
    this.hash = isVerified ? hash : null;
    this.key = key;
  }

  @Override
  public SinkWriter<T> createWriter(WriterInitContext context) {
    return new Writer();
  }

  private final class Writer implements SinkWriter<T> {
    private final Map<Object, Long> last = new HashMap<>();
    private long rows;
    private long high;
    private long low;

    @Override
    public void write(T row, Context context) {
      rows++;
      if (hash == null) return;
      long of = hash.applyAsLong(row);
      if (key == null) add(of);
      else last.put(key.apply(row), of);
    }

    private void add(long of) {
      high += of >>> 32;
      low += of & 0xffffffffL;
    }

    @Override
    public void flush(boolean isEnd) {
      if (!isEnd) return;
      last.values().forEach(this::add);
      Stopwatch.end(key == null || hash == null ? rows : last.size(), high, low);
    }

    @Override
    public void close() {}
  }
}
