package versus;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Records at a steady rate through one exchange by key, and the time from when each was due to its arrival at the sink. The
 * source is open loop: record n is due at n / rate, whether or not the job keeps up. The records of the first half are left
 * out, in which the JVM compiles. As native-bench/macro/latency.ts, but for percentiles.
 */
final class Latency {
  private static final int KEYS = 10_000;
  private static final int US_MAX = 1_000_000;
  /** By the microsecond, of all sinks. */
  private static final long[] COUNTS = new long[US_MAX + 1];

  private Latency() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    env.fromSource(
            new OpenLoop(settings.rate, settings.seconds),
            WatermarkStrategy.noWatermarks(),
            "open loop",
            Jobs.eventType(settings))
        .setParallelism(1)
        .keyBy(event -> event.key)
        .sinkTo(new Arrivals(settings.seconds));
  }

  static String report() throws Exception {
    return String.format(
        "{\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"peakMb\":%.1f}",
        quantileMs(0.5), quantileMs(0.99), quantileMs(0.999), Stopwatch.peakMb());
  }

  private static double quantileMs(double share) {
    long records = 0;
    for (long count : COUNTS) records += count;
    double left = records * share;
    for (int us = 0; us <= US_MAX; us++) {
      left -= COUNTS[us];
      if (left <= 0) return us / 1000.0;
    }
    return US_MAX / 1000.0;
  }

  /** The value of an event is the time since the start at which it was due, its time is when that start was; both in ns. */
  private static final class OpenLoop extends SplitSource<Event> {
    private final long rate;
    private final int seconds;

    OpenLoop(long rate, int seconds) {
      this.rate = rate;
      this.seconds = seconds;
    }

    @Override
    public SourceReader<Event, Split> createReader(SourceReaderContext context) {
      return new OpenLoopReader();
    }

    private final class OpenLoopReader extends Reader<Event> {
      /** The source looks for due records this often. */
      private static final long LOOK_NANOS = 100_000;

      private final Event event = new Event();
      private long startNanos;
      private long sent;

      @Override
      protected void open() {
        startNanos = System.nanoTime();
      }

      @Override
      protected long done() {
        return sent;
      }

      @Override
      public InputStatus pollNext(ReaderOutput<Event> output) {
        if (split == null) return InputStatus.NOTHING_AVAILABLE;
        long count = rate * seconds;
        if (sent >= count) return InputStatus.END_OF_INPUT;
        double gapNanos = 1e9 / rate;
        long due = Math.min(count, (long) ((System.nanoTime() - startNanos) / gapNanos));
        if (due <= sent) LockSupport.parkNanos(LOOK_NANOS);
        for (; sent < due; sent++) {
          event.key = (int) (sent % KEYS);
          event.value = (long) (sent * gapNanos);
          event.time = startNanos;
          output.collect(event);
        }
        return InputStatus.MORE_AVAILABLE;
      }
    }
  }

  private record Arrivals(int seconds) implements Sink<Event> {
    @Override
    public SinkWriter<Event> createWriter(WriterInitContext context) {
      return new Writer();
    }

    private final class Writer implements SinkWriter<Event> {
      private final long skippedNanos = seconds * 1_000_000_000L / 2;
      private final long[] counts = new long[US_MAX + 1];
      private boolean isWarm;

      @Override
      public void write(Event event, Context context) {
        // What counts runs from the start, so that it is compiled too.
        if (!isWarm && event.value >= skippedNanos) {
          Arrays.fill(counts, 0);
          isWarm = true;
        }
        long nanos = System.nanoTime() - event.time - event.value;
        counts[(int) Math.min(US_MAX, Math.max(0, nanos / 1000))]++;
      }

      @Override
      public void flush(boolean isEnd) {
        if (!isEnd) return;
        synchronized (COUNTS) {
          for (int us = 0; us <= US_MAX; us++) COUNTS[us] += counts[us];
        }
      }

      @Override
      public void close() {}
    }
  }
}
