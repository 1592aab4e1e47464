package versus;

import static com.hazelcast.jet.core.Edge.between;

import com.hazelcast.jet.aggregate.AggregateOperation;
import com.hazelcast.jet.aggregate.AggregateOperation1;
import com.hazelcast.jet.core.DAG;
import com.hazelcast.jet.core.SlidingWindowPolicy;
import com.hazelcast.jet.core.TimestampKind;
import com.hazelcast.jet.core.Vertex;
import com.hazelcast.jet.core.processor.Processors;
import com.hazelcast.jet.datamodel.KeyedWindowResult;
import java.util.List;

/**
 * Count and sum by key over windows, as a graph of Jet's own window processors, which its pipelines are planned into: each
 * thread adds its records up by frame, and the sums of frames are combined where their key belongs. Without a pipeline no
 * record is wrapped once more for its time.
 */
final class Windows {
  private Windows() {}

  /** Mutable: kept in the state, and changed in place. Jet drops a key whose totals equal those of no record. */
  static final class Totals {
    long count;
    long sum;

    @Override
    public boolean equals(Object other) {
      return other instanceof Totals totals && totals.count == count && totals.sum == sum;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(count * 31 + sum);
    }
  }

  private static final AggregateOperation1<Event, Totals, Totals> COUNT_AND_SUM =
      AggregateOperation.withCreate(Totals::new)
          .<Event>andAccumulate(
              (totals, event) -> {
                totals.count++;
                totals.sum += event.value;
              })
          .andCombine(
              (totals, other) -> {
                totals.count += other.count;
                totals.sum += other.sum;
              })
          .andDeduct(
              (totals, other) -> {
                totals.count -= other.count;
                totals.sum -= other.sum;
              })
          // A copy: the totals of windows that slide go on to change.
          .andExportFinish(
              totals -> {
                Totals copy = new Totals();
                copy.count = totals.count;
                copy.sum = totals.sum;
                return copy;
              });

  static DAG dag(Settings settings) {
    SlidingWindowPolicy windows =
        switch (settings.job) {
          case "tumbling" -> SlidingWindowPolicy.tumblingWinPolicy(settings.sizeMs);
          case "sliding" -> SlidingWindowPolicy.slidingWinPolicy(settings.sizeMs, settings.slideMs);
          default -> throw new IllegalArgumentException("there is no job " + settings.job);
        };
    DAG dag = new DAG();
    Vertex events = dag.newVertex("events", new EventSource.Supplier(settings, windows.frameSize()));
    Vertex frames =
        dag.newVertex(
            "frames",
            Processors.accumulateByFrameP(
                List.of((Event event) -> event.key),
                List.of((Event event) -> event.time),
                TimestampKind.EVENT,
                windows,
                COUNT_AND_SUM));
    Vertex combined =
        dag.newVertex(
            "windows",
            Processors.combineToSlidingWindowP(windows, COUNT_AND_SUM, KeyedWindowResult::new));
    Vertex sink = dag.newVertex("sink", new CountingSink.Supplier(settings.verify));
    for (Vertex vertex : List.of(events, frames, combined, sink)) {
      vertex.localParallelism(settings.parallelism);
    }
    return dag.edge(between(events, frames).isolated())
        .edge(
            between(frames, combined)
                .partitioned((KeyedWindowResult<?, ?> frame) -> frame.key())
                .distributed())
        .edge(between(combined, sink).isolated());
  }
}
