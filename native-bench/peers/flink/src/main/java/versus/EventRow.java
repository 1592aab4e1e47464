package versus;

import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryStringData;

/**
 * A row of the wide table of all events, read where it lies in the corpus: nothing is made of fields that no query asks for.
 * Three columns are rows themselves, of which one is set. Each subtask of the source has one.
 */
final class EventRow extends FieldRow {
  static final String PERSON = "personRow";
  static final String AUCTION = "auctionRow";
  static final String BID = "bidRow";

  /** The order of the fields is that of the views below. */
  static final String COLUMNS =
      "kind INT, happened TIMESTAMP(3), "
          + PERSON
          + " ROW<id INT, name STRING, email STRING, card STRING, city STRING, state STRING, extra STRING>, "
          + AUCTION
          + " ROW<id INT, itemName STRING, description STRING, initialBid INT, reserve INT, expires TIMESTAMP(3), "
          + "seller INT, category INT, extra STRING>, "
          + BID
          + " ROW<auction INT, bidder INT, price INT, channel STRING, url STRING, extra STRING>";

  private static final int FIRST_ROW = 2;

  private final RowData[] rows = {new PersonRow(), new AuctionRow(), new BidRow()};
  private NexmarkEvent event;

  EventRow of(NexmarkEvent event) {
    this.event = event;
    return this;
  }

  @Override
  public int getArity() {
    return FIRST_ROW + rows.length;
  }

  @Override
  public boolean isNullAt(int field) {
    return field >= FIRST_ROW && field - FIRST_ROW != event.kind;
  }

  @Override
  public int getInt(int field) {
    return event.kind;
  }

  @Override
  public TimestampData getTimestamp(int field, int precision) {
    return TimestampData.fromEpochMillis(event.time);
  }

  @Override
  public RowData getRow(int field, int arity) {
    return rows[field - FIRST_ROW];
  }

  /** Text that is not decoded. */
  private static StringData text(Corpus.Texts texts, int entry) {
    int from = texts.offsets()[entry];
    return BinaryStringData.fromBytes(texts.bytes(), from, texts.offsets()[entry + 1] - from);
  }

  private StringData text(int column) {
    return text(event.segment.texts[column], event.row);
  }

  private final class PersonRow extends FieldRow {
    @Override
    public int getArity() {
      return 7;
    }

    @Override
    public int getInt(int field) {
      return event.id();
    }

    /** The texts of a person have the order of the corpus. */
    @Override
    public StringData getString(int field) {
      return text(field - 1);
    }
  }

  private final class AuctionRow extends FieldRow {
    @Override
    public int getArity() {
      return 9;
    }

    @Override
    public int getInt(int field) {
      return switch (field) {
        case 0 -> event.id();
        case 3 -> event.price();
        case 4 -> event.segment.reserve[event.row];
        case 6 -> event.party();
        default -> event.category();
      };
    }

    @Override
    public TimestampData getTimestamp(int field, int precision) {
      return TimestampData.fromEpochMillis(event.expires());
    }

    @Override
    public StringData getString(int field) {
      return text(field == 8 ? 5 : field - 1);
    }
  }

  private final class BidRow extends FieldRow {
    @Override
    public int getArity() {
      return 6;
    }

    @Override
    public int getInt(int field) {
      return switch (field) {
        case 0 -> event.id();
        case 1 -> event.party();
        default -> event.price();
      };
    }

    @Override
    public StringData getString(int field) {
      if (field == 5) return text(5);
      Corpus corpus = Corpus.loaded();
      int channel = event.segment.channel[event.row];
      return text(field == 3 ? corpus.channelNames : corpus.channelUrls, channel);
    }
  }
}
