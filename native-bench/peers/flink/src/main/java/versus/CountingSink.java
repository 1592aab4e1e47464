package versus;

import java.io.Serializable;
import java.util.function.ToIntFunction;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Takes everything and keeps nothing but the number of rows, and the sum of their hashes where they are verified. */
final class CountingSink<T> implements Sink<T> {
  interface Hash<T> extends ToIntFunction<T>, Serializable {}

  /** Null: rows are only counted. */
  private final Hash<T> hash;

  CountingSink(Settings settings, Hash<T> hash) {
    this.hash = settings.verify ? hash : null;
  }

  @Override
  public SinkWriter<T> createWriter(WriterInitContext context) {
    return new Writer();
  }

  private final class Writer implements SinkWriter<T> {
    private long rows;
    private long hashes;

    @Override
    public void write(T row, Context context) {
      rows++;
      if (hash != null) hashes += hash.applyAsInt(row) & 0xffffffffL;
    }

    @Override
    public void flush(boolean isEnd) {
      if (isEnd) Stopwatch.end(rows, hashes);
    }

    @Override
    public void close() {}
  }
}
