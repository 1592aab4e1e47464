package versus;

import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.util.Collector;

/** A bid, with the fields that a query needs; the others are not set. */
public final class Bid {
  /** Nothing but who it is for or from: four bytes. */
  static final PlainType<Bid> AUCTION =
      new PlainType<>(
          Bid.class,
          (bid, out) -> out.writeInt(bid.auction),
          in -> {
            Bid bid = new Bid();
            bid.auction = in.readInt();
            return bid;
          });

  static final PlainType<Bid> BIDDER =
      new PlainType<>(
          Bid.class,
          (bid, out) -> out.writeInt(bid.bidder),
          in -> {
            Bid bid = new Bid();
            bid.bidder = in.readInt();
            return bid;
          });

  static final PlainType<Bid> AUCTION_PRICE =
      new PlainType<>(
          Bid.class,
          (bid, out) -> {
            out.writeInt(bid.auction);
            out.writeInt((int) bid.price);
          },
          in -> {
            Bid bid = new Bid();
            bid.auction = in.readInt();
            bid.price = in.readInt();
            return bid;
          });

  /** Without channel and url. */
  static final PlainType<Bid> SHORT =
      new PlainType<>(
          Bid.class,
          Bid::writeShort,
          Bid::readShort);

  static final PlainType<Bid> WHOLE =
      new PlainType<>(
          Bid.class,
          (bid, out) -> {
            writeShort(bid, out);
            bid.channel.write(out);
            bid.url.write(out);
          },
          in -> {
            Bid bid = readShort(in);
            bid.channel = Text.read(in);
            bid.url = Text.read(in);
            return bid;
          });

  private static void writeShort(Bid bid, DataOutputView out) throws IOException {
    out.writeInt(bid.auction);
    out.writeInt(bid.bidder);
    out.writeLong(bid.price);
    out.writeLong(bid.time);
    bid.extra.write(out);
  }

  private static Bid readShort(DataInputView in) throws IOException {
    Bid bid = new Bid();
    bid.auction = in.readInt();
    bid.bidder = in.readInt();
    bid.price = in.readLong();
    bid.time = in.readLong();
    bid.extra = Text.read(in);
    return bid;
  }

  int auction;
  int bidder;
  /** Cents, or thousandths of the other currency. */
  long price;
  long time;
  Text channel;
  Text url;
  Text extra;

  interface Fill extends Serializable {
    void fill(Bid bid, NexmarkEvent event);
  }

  /** All bids of the wide stream in one object, which is filled again for each. */
  static final class Of implements FlatMapFunction<NexmarkEvent, Bid> {
    private final Fill fill;
    private transient Bid bid;

    Of(Fill fill) {
      this.fill = fill;
    }

    @Override
    public void flatMap(NexmarkEvent event, Collector<Bid> out) {
      if (event.kind != NexmarkEvent.BID) return;
      if (bid == null) bid = empty();
      fill.fill(bid, event);
      out.collect(bid);
    }

    private static Bid empty() {
      Bid bid = new Bid();
      bid.channel = new Text();
      bid.url = new Text();
      bid.extra = new Text();
      return bid;
    }
  }

  static void fillShort(Bid bid, NexmarkEvent event) {
    bid.auction = event.id();
    bid.bidder = event.party();
    bid.price = event.price();
    bid.time = event.time;
    event.extra(bid.extra);
  }

  static void fillWhole(Bid bid, NexmarkEvent event) {
    fillShort(bid, event);
    event.channel(bid.channel);
    event.url(bid.url);
  }
}
