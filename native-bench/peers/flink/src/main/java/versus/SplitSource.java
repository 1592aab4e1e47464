package versus;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A source with one split a subtask; what it reads is its reader's. */
abstract class SplitSource<T> implements Source<T, Split, Integer> {
  @Override
  public Boundedness getBoundedness() {
    return Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SplitEnumerator<Split, Integer> createEnumerator(SplitEnumeratorContext<Split> context) {
    return new Enumerator(context);
  }

  @Override
  public SplitEnumerator<Split, Integer> restoreEnumerator(
      SplitEnumeratorContext<Split> context, Integer checkpoint) {
    return new Enumerator(context);
  }

  @Override
  public SimpleVersionedSerializer<Split> getSplitSerializer() {
    return new Split.Serializer();
  }

  @Override
  public SimpleVersionedSerializer<Integer> getEnumeratorCheckpointSerializer() {
    return new Nothing();
  }

  private static final class Nothing implements SimpleVersionedSerializer<Integer> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(Integer nothing) {
      return new byte[0];
    }

    @Override
    public Integer deserialize(int version, byte[] bytes) {
      return 0;
    }
  }

  private record Enumerator(SplitEnumeratorContext<Split> context)
      implements SplitEnumerator<Split, Integer> {
    @Override
    public void start() {}

    @Override
    public void handleSplitRequest(int subtask, String host) {}

    @Override
    public void addSplitsBack(List<Split> splits, int subtask) {
      throw new IllegalStateException("a measured job does not start again");
    }

    @Override
    public void addReader(int subtask) {
      context.assignSplit(new Split(subtask, context.currentParallelism(), 0), subtask);
      context.signalNoMoreSplits(subtask);
    }

    @Override
    public Integer snapshotState(long checkpoint) {
      return 0;
    }

    @Override
    public void close() {}
  }

  /** A reader that has something to give until its split ends. */
  abstract static class Reader<T> implements SourceReader<T, Split> {
    private static final CompletableFuture<Void> AVAILABLE = CompletableFuture.completedFuture(null);
    private final CompletableFuture<Void> assigned = new CompletableFuture<>();
    /** Null until it is assigned. */
    protected Split split;

    @Override
    public void start() {}

    @Override
    public void addSplits(List<Split> splits) {
      split = splits.get(0);
      open();
      assigned.complete(null);
    }

    /** The split is there. */
    protected abstract void open();

    @Override
    public void notifyNoMoreSplits() {}

    @Override
    public CompletableFuture<Void> isAvailable() {
      return split == null ? assigned : AVAILABLE;
    }

    @Override
    public List<Split> snapshotState(long checkpoint) {
      return split == null ? List.of() : List.of(new Split(split.index(), split.of(), done()));
    }

    protected abstract long done();

    @Override
    public void close() {}
  }
}
