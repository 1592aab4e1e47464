package versus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The events of Nexmark in memory, as arrays by segment; native-bench/nexmark/corpus-format.ts says where each byte is. */
final class Corpus {
  static final int SEGMENT_EVENTS = 4096;
  private static final int TEXTS = 6;
  private static final int CYCLE = 50;
  private static final int AUCTIONS_PER_CYCLE = 3;

  /** All that are read, as are the segments. */
  final long events;
  private final int eventsOfPass;
  private final int segmentsOfPass;
  private final boolean goesOn;
  private final int persons;
  private final int auctions;
  private final long passMs;
  final Segment[] segments;
  final Texts channelNames;
  final Texts channelUrls;

  /** Text j is bytes[offsets[j]] to bytes[offsets[j + 1] - 1]. */
  record Texts(int[] offsets, byte[] bytes) {
    Text at(int entry, Text text) {
      return text.set(bytes, offsets[entry], offsets[entry + 1] - offsets[entry]);
    }
  }

  static final class Segment {
    int events;
    private long[] time;
    private long[] expires;
    int[] kind;
    private int[] id;
    private int[] party;
    int[] price;
    int[] reserve;
    int[] category;
    int[] channel;
    Texts[] texts;

    /** What comes to ids of persons, of auctions, and to times, which go on from pass to pass. */
    private int persons;

    private int auctions;
    private long ms;

    int id(int row) {
      return id[row] + (kind[row] == NexmarkEvent.PERSON ? persons : auctions);
    }

    int party(int row) {
      return party[row] + persons;
    }

    long time(int row) {
      return time[row] + ms;
    }

    long expires(int row) {
      return expires[row] + ms;
    }

    /** The same events with later ids and times. */
    Segment moved(int persons, int auctions, long ms) {
      Segment moved = new Segment();
      moved.events = events;
      moved.time = time;
      moved.expires = expires;
      moved.kind = kind;
      moved.id = id;
      moved.party = party;
      moved.price = price;
      moved.reserve = reserve;
      moved.category = category;
      moved.channel = channel;
      moved.texts = texts;
      moved.persons = persons;
      moved.auctions = auctions;
      moved.ms = ms;
      return moved;
    }
  }

  /** The corpus of this process: the subtasks share it. */
  private static volatile Corpus loaded;

  static Corpus loaded() {
    return loaded;
  }

  /** Of a file whose events are read so many times, with later ids and times where it goes on. */
  static void load(String path, int passes, boolean goesOn) throws IOException {
    try (FileChannel file = FileChannel.open(Path.of(path), StandardOpenOption.READ)) {
      loaded = new Corpus(file, passes, goesOn);
    }
  }

  private Corpus(FileChannel file, int passes, boolean goesOn) throws IOException {
    ByteBuffer header = read(file, 0, 128);
    if (header.getInt(8) != 1 || header.getInt(20) != SEGMENT_EVENTS) {
      throw new IOException("the corpus is of another version of its format");
    }
    eventsOfPass = header.getInt(16);
    segmentsOfPass = header.getInt(24);
    this.goesOn = goesOn;
    persons = eventsOfPass / CYCLE;
    auctions = persons * AUCTIONS_PER_CYCLE;
    passMs = eventsOfPass * 1000L / header.getInt(28);
    events = (long) eventsOfPass * passes;
    segments = new Segment[segmentsOfPass * passes];
    int channels = header.getInt(40);
    int nameBytes = header.getInt(44);
    int urlBytes = header.getInt(48);
    int offsetsBytes = padded((channels + 1) * 4);
    long at = (long) header.getDouble(56);
    int[] names = ints(read(file, at, offsetsBytes), 0, channels + 1);
    int[] urls = ints(read(file, at + offsetsBytes, offsetsBytes), 0, channels + 1);
    at += 2L * offsetsBytes;
    channelNames = new Texts(names, read(file, at, nameBytes).array());
    channelUrls = new Texts(urls, read(file, at + padded(nameBytes), urlBytes).array());
    long directoryAt = (long) header.getDouble(64);
    ByteBuffer directory = read(file, directoryAt, (segmentsOfPass + 1) * 8);
    for (int s = 0; s < segmentsOfPass; s++) {
      long from = (long) directory.getDouble(s * 8);
      long to = (long) directory.getDouble(s * 8 + 8);
      segments[s] = segment(read(file, from, (int) (to - from)));
    }
    for (int s = segmentsOfPass; s < segments.length; s++) segments[s] = segments[s - segmentsOfPass];
  }

  /** A segment; where ids and times go on in each pass, with those of its pass. */
  Segment segment(int index) {
    Segment segment = segments[index];
    if (!goesOn) return segment;
    int pass = index / segmentsOfPass;
    return segment.moved(pass * persons, pass * auctions, pass * passMs);
  }

  /** Events in the segments in front of one. */
  long eventsBefore(int segment) {
    return (long) (segment / segmentsOfPass) * eventsOfPass
        + (long) (segment % segmentsOfPass) * SEGMENT_EVENTS;
  }

  private static Segment segment(ByteBuffer bytes) {
    int rows = SEGMENT_EVENTS;
    Segment segment = new Segment();
    segment.events = bytes.getInt(0);
    segment.time = times(bytes, 64, rows);
    segment.expires = times(bytes, 64 + 8 * rows, rows);
    segment.kind = ints(bytes, 64 + 16 * rows, rows);
    segment.id = ints(bytes, 64 + 20 * rows, rows);
    segment.party = ints(bytes, 64 + 24 * rows, rows);
    segment.price = ints(bytes, 64 + 28 * rows, rows);
    segment.reserve = ints(bytes, 64 + 32 * rows, rows);
    segment.category = ints(bytes, 64 + 36 * rows, rows);
    segment.channel = ints(bytes, 64 + 40 * rows, rows);
    byte[] heap = new byte[bytes.getInt(16)];
    bytes.get(64 + 72 * rows + 48, heap);
    segment.texts = new Texts[TEXTS];
    for (int t = 0; t < TEXTS; t++) {
      segment.texts[t] =
          new Texts(ints(bytes, 64 + 48 * rows + t * (rows + 2) * 4, rows + 1), heap);
    }
    return segment;
  }

  private static int padded(int bytes) {
    return (bytes + 7) / 8 * 8;
  }

  private static ByteBuffer read(FileChannel file, long from, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, from + bytes.position()) < 0) throw new IOException("the corpus is cut off");
    }
    return bytes;
  }

  private static int[] ints(ByteBuffer bytes, int from, int count) {
    int[] ints = new int[count];
    for (int i = 0; i < count; i++) ints[i] = bytes.getInt(from + 4 * i);
    return ints;
  }

  private static long[] times(ByteBuffer bytes, int from, int count) {
    long[] times = new long[count];
    for (int i = 0; i < count; i++) times[i] = (long) bytes.getDouble(from + 8 * i);
    return times;
  }
}
