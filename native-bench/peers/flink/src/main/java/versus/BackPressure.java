package versus;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * How long a checkpoint takes while records wait in front of a step that is slow: three steps, the last one busy with each
 * record for 10 us. One checkpoint after the other, for some seconds. As native-bench/state/back-pressure.ts.
 */
final class BackPressure {
  private static final long BUSY_NANOS = 10_000;
  /** Until all buffers are full. */
  private static final long FILLING_MS = 1000;
  /** A checkpoint that takes longer ends the job all the same. */
  private static final long WAIT_MS = 60_000;

  private static final AtomicLong startNanos = new AtomicLong();
  private static final AtomicLong endNanos = new AtomicLong();
  private static final AtomicLong completed = new AtomicLong();

  private BackPressure() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    DataStream<Event> events =
        env.fromSource(
            new Endless(settings.seconds),
            WatermarkStrategy.noWatermarks(),
            "endless",
            Jobs.eventType(settings));
    events
        .rebalance()
        .map(event -> event)
        .returns(Jobs.eventType(settings))
        .keyBy(event -> event.key)
        .reduce(
            (sum, event) -> {
              sum.value += event.value;
              return sum;
            })
        .rebalance()
        .map(new Busy())
        .returns(Jobs.eventType(settings))
        .sinkTo(new DiscardingSink<>());
  }

  static String report() {
    long checkpoints = completed.get();
    if (checkpoints == 0) throw new IllegalStateException("no checkpoint was completed");
    double ms = (endNanos.get() - startNanos.get()) / 1e6;
    return String.format(
        "{\"checkpointMs\":%.3f,\"checkpoints\":%d}", ms / checkpoints, checkpoints);
  }

  private static final class Busy implements MapFunction<Event, Event>, CheckpointListener {
    private long openedNanos;
    private long seen;

    @Override
    public Event map(Event event) {
      long end = System.nanoTime() + BUSY_NANOS;
      while (System.nanoTime() < end) Thread.onSpinWait();
      return event;
    }

    /** From the first one behind the filling on; the one that ends it is not counted. */
    @Override
    public void notifyCheckpointComplete(long checkpoint) {
      long now = System.nanoTime();
      if (openedNanos == 0) openedNanos = now;
      if (now - openedNanos < FILLING_MS * 1_000_000) return;
      if (startNanos.compareAndSet(0, now)) {
        seen = checkpoint;
        return;
      }
      // Of several subtasks, the one that has set the start.
      if (seen == 0) return;
      endNanos.set(now);
      completed.set(checkpoint - seen);
    }
  }

  /** Ends when it has run for so long and a checkpoint has been measured. */
  private static final class Endless extends SplitSource<Event> {
    private static final int AT_ONCE = 128;
    private final int seconds;

    Endless(int seconds) {
      this.seconds = seconds;
    }

    @Override
    public SourceReader<Event, Split> createReader(SourceReaderContext context) {
      return new Reader<Event>() {
        private final Event event = new Event();
        private long startMs;
        private long sent;

        @Override
        protected void open() {
          startMs = System.currentTimeMillis();
        }

        @Override
        protected long done() {
          return sent;
        }

        @Override
        public InputStatus pollNext(ReaderOutput<Event> output) {
          if (split == null) return InputStatus.NOTHING_AVAILABLE;
          long ms = System.currentTimeMillis() - startMs - FILLING_MS;
          boolean isLongEnough = ms >= seconds * 1000L && completed.get() > 0;
          if (isLongEnough || ms >= WAIT_MS) return InputStatus.END_OF_INPUT;
          for (int i = 0; i < AT_ONCE; i++, sent++) {
            event.key = (int) (sent % 1000);
            event.value = sent;
            event.time = 0;
            output.collect(event);
          }
          return InputStatus.MORE_AVAILABLE;
        }
      };
    }
  }
}
