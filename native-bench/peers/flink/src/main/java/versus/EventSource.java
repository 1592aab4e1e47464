package versus;

import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;

/**
 * Made-up events, dealt to the subtasks by blocks of 4096 in turn, so that all of them advance through event time together.
 * Each subtask has one event object, and hands over a few at a time, so that what a call of the runtime costs is shared.
 */
final class EventSource extends SplitSource<Event> {
  private static final int BLOCK = 4096;
  private static final int AT_ONCE = 128;

  private final long records;
  private final long warmup;
  private final int keys;
  private final int perMs;

  EventSource(Settings settings) {
    this(settings, 1);
  }

  /** One of so many sources, each of which has its share of the records. */
  EventSource(Settings settings, int of) {
    records = settings.records / of;
    warmup = settings.warmup / of;
    keys = settings.keys;
    perMs = settings.perMs;
  }

  @Override
  public SourceReader<Event, Split> createReader(SourceReaderContext context) {
    return new EventReader();
  }

  private final class EventReader extends Reader<Event> {
    private final Event event = new Event();
    private long next;
    private long time;
    /** Where the next time begins. */
    private long timeEnds;
    private boolean isTimed;

    @Override
    protected void open() {
      next = (long) split.index() * BLOCK;
    }

    @Override
    protected long done() {
      return next;
    }

    @Override
    public InputStatus pollNext(ReaderOutput<Event> output) {
      if (split == null) return InputStatus.NOTHING_AVAILABLE;
      if (!isTimed && next >= warmup) {
        isTimed = true;
        Stopwatch.start();
      }
      if (next >= records) return InputStatus.END_OF_INPUT;
      long end = Math.min(next + AT_ONCE, records);
      for (long i = next; i < end; i++) {
        if (i >= timeEnds) {
          time = Shape.timeOf(i, perMs);
          timeEnds = Shape.timeEnds(i, perMs);
        }
        event.key = Shape.keyOf(i, keys);
        event.value = Shape.amountOf(i);
        event.time = time;
        output.collect(event, time);
      }
      next = end % BLOCK == 0 ? end + (long) (split.of() - 1) * BLOCK : end;
      return InputStatus.MORE_AVAILABLE;
    }
  }
}
