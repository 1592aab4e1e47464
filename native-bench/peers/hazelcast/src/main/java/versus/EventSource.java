package versus;

import com.hazelcast.jet.core.AbstractProcessor;
import com.hazelcast.jet.core.Processor;
import com.hazelcast.jet.core.ProcessorSupplier;
import com.hazelcast.jet.core.Watermark;
import java.util.Collection;
import java.util.stream.IntStream;

/**
 * Made-up events, dealt to the processors by blocks of 4096 in turn, so that all of them advance through event time together.
 * A watermark follows where a frame of the windows begins: others would change nothing.
 */
final class EventSource extends AbstractProcessor {
  private static final int BLOCK = 4096;
  /** Of one call, which other processors of the thread wait for. */
  private static final int AT_ONCE = 1024;

  private final Settings settings;
  private final long frameMs;
  private final int of;
  private long next;
  private long time;
  /** Where the next time begins. */
  private long timeEnds;
  private long frame = Long.MIN_VALUE;
  private boolean isTimed;
  /** What the queue behind had no room for; null: nothing. */
  private Object waiting;

  private EventSource(Settings settings, long frameMs, int index, int of) {
    this.settings = settings;
    this.frameMs = frameMs;
    this.of = of;
    next = (long) index * BLOCK;
  }

  @Override
  public boolean complete() {
    if (waiting != null && !tryEmit(waiting)) return false;
    waiting = null;
    if (!isTimed && next >= settings.warmup) {
      isTimed = true;
      Stopwatch.start();
    }
    for (int n = 0; n < AT_ONCE && next < settings.records; n++) {
      if (next >= timeEnds) {
        time = Shape.timeOf(next, settings.perMs);
        timeEnds = Shape.timeEnds(next, settings.perMs);
      }
      Object item;
      if (time / frameMs != frame) {
        frame = time / frameMs;
        item = new Watermark(time);
      } else {
        Event event = new Event();
        event.key = Shape.keyOf(next, settings.keys);
        event.value = Shape.amountOf(next);
        event.time = time;
        next++;
        if (next % BLOCK == 0) next += (long) (of - 1) * BLOCK;
        item = event;
      }
      if (!tryEmit(item)) {
        waiting = item;
        return false;
      }
    }
    return next >= settings.records;
  }

  /** The processors of this member, which is the only one. */
  record Supplier(Settings settings, long frameMs) implements ProcessorSupplier {
    @Override
    public Collection<? extends Processor> get(int count) {
      return IntStream.range(0, count)
          .mapToObj(index -> new EventSource(settings, frameMs, index, count))
          .toList();
    }
  }
}
