package versus;

import java.io.Serializable;
import java.util.function.Predicate;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.util.Collector;

/** An auction, with the fields that a query needs. */
public final class Auction {
  static final PlainType<Auction> SELLER =
      new PlainType<>(
          Auction.class,
          (auction, out) -> out.writeInt(auction.seller),
          in -> {
            Auction auction = new Auction();
            auction.seller = in.readInt();
            return auction;
          });

  static final PlainType<Auction> SOLD =
      new PlainType<>(
          Auction.class,
          (auction, out) -> {
            out.writeInt(auction.id);
            out.writeInt(auction.seller);
          },
          in -> {
            Auction auction = new Auction();
            auction.id = in.readInt();
            auction.seller = in.readInt();
            return auction;
          });

  static final PlainType<Auction> TIMED =
      new PlainType<>(
          Auction.class,
          (auction, out) -> {
            out.writeInt(auction.id);
            out.writeInt(auction.category);
            out.writeLong(auction.time);
            out.writeLong(auction.expires);
          },
          in -> {
            Auction auction = new Auction();
            auction.id = in.readInt();
            auction.category = in.readInt();
            auction.time = in.readLong();
            auction.expires = in.readLong();
            return auction;
          });

  int id;
  int seller;
  int category;
  long time;
  long expires;

  interface Which extends Predicate<Auction>, Serializable {}

  /** Auctions of the wide stream in one object, which is filled again for each. */
  static final class Of implements FlatMapFunction<NexmarkEvent, Auction> {
    private final Which which;
    private transient Auction auction;

    Of(Which which) {
      this.which = which;
    }

    @Override
    public void flatMap(NexmarkEvent event, Collector<Auction> out) {
      if (event.kind != NexmarkEvent.AUCTION) return;
      if (auction == null) auction = new Auction();
      auction.id = event.id();
      auction.seller = event.party();
      auction.category = event.category();
      auction.time = event.time;
      auction.expires = event.expires();
      if (which.test(auction)) out.collect(auction);
    }
  }
}
