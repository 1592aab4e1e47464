package versus;

import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.core.io.InputStatus;

/** All events of the corpus in memory: subtask g of p reads segments g, g + p, g + 2p and so on. */
final class CorpusSource extends SplitSource<NexmarkEvent> {
  private static final double WARM_UP_SHARE = 0.3;
  private static final int AT_ONCE = 128;

  @Override
  public SourceReader<NexmarkEvent, Split> createReader(SourceReaderContext context) {
    return new CorpusReader();
  }

  private static int warmUpSegments() {
    return (int) (Corpus.loaded().segments.length * WARM_UP_SHARE);
  }

  /** Behind the warm-up. */
  static long timedEvents() {
    Corpus corpus = Corpus.loaded();
    return corpus.events - corpus.eventsBefore(warmUpSegments());
  }

  private static final class CorpusReader extends Reader<NexmarkEvent> {
    private final Corpus corpus = Corpus.loaded();
    private final int warmUp = warmUpSegments();
    private final NexmarkEvent event = new NexmarkEvent();
    private int segment;
    private int row;
    private boolean isTimed;

    @Override
    protected void open() {
      segment = split.index();
    }

    @Override
    protected long done() {
      return segment;
    }

    @Override
    public InputStatus pollNext(ReaderOutput<NexmarkEvent> output) {
      if (split == null) return InputStatus.NOTHING_AVAILABLE;
      if (!isTimed && segment >= warmUp) {
        isTimed = true;
        Stopwatch.start();
      }
      if (segment >= corpus.segments.length) return InputStatus.END_OF_INPUT;
      if (row == 0) event.segment = corpus.segment(segment);
      Corpus.Segment rows = event.segment;
      int end = Math.min(row + AT_ONCE, rows.events);
      for (; row < end; row++) {
        event.row = row;
        event.kind = rows.kind[row];
        event.time = rows.time(row);
        output.collect(event, event.time);
      }
      if (row == rows.events) {
        row = 0;
        segment += split.of();
      }
      return InputStatus.MORE_AVAILABLE;
    }
  }
}
