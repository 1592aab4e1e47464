package versus;

/** A row of the wide stream of all events: where it stands in the corpus. Each subtask of the source has one. */
public final class NexmarkEvent {
  static final int PERSON = 0;
  static final int AUCTION = 1;
  static final int BID = 2;
  static final PlainType<NexmarkEvent> TYPE = PlainType.chained(NexmarkEvent.class);

  Corpus.Segment segment;
  int row;
  int kind;
  long time;

  /** Of the person, of the auction, or of the auction that the bid is for. */
  int id() {
    return segment.id(row);
  }

  /** Seller of the auction, or bidder. */
  int party() {
    return segment.party(row);
  }

  int price() {
    return segment.price[row];
  }

  int category() {
    return segment.category[row];
  }

  long expires() {
    return segment.expires(row);
  }

  Text name(Text text) {
    return segment.texts[0].at(row, text);
  }

  Text city(Text text) {
    return segment.texts[3].at(row, text);
  }

  Text state(Text text) {
    return segment.texts[4].at(row, text);
  }

  Text extra(Text text) {
    return segment.texts[5].at(row, text);
  }

  Text channel(Text text) {
    return Corpus.loaded().channelNames.at(segment.channel[row], text);
  }

  Text url(Text text) {
    return Corpus.loaded().channelUrls.at(segment.channel[row], text);
  }
}
