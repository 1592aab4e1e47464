package versus;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Joins without a bound in time: each side waits in the state of its key for the other. Ids of persons and auctions are unique,
 * so that what has waited for one is done when that has come. Each key has one object of state, which is changed in place.
 */
final class NexmarkJoins {
  private static final int CATEGORY = 10;

  private NexmarkJoins() {}

  public static final class LocalAuction {
    static final PlainType<LocalAuction> TYPE = PlainType.chained(LocalAuction.class);
    Person seller;
    int auction;
  }

  /** Auctions of a category, with who sells them, of some states. */
  static void q3(Settings settings, DataStream<NexmarkEvent> events) {
    events
        .flatMap(new Person.Of(person -> person.state.isOneOf("OR", "ID", "CA")))
        .returns(Person.PLACED)
        .keyBy(person -> person.id)
        .connect(
            events
                .flatMap(new Auction.Of(auction -> auction.category == CATEGORY))
                .returns(Auction.SOLD)
                .keyBy(auction -> auction.seller))
        .process(new WithSeller())
        .returns(LocalAuction.TYPE)
        .sinkTo(
            new CountingSink<>(
                settings,
                row ->
                    RowText.hashOf(
                        row.seller.name, row.seller.city, row.seller.state, row.auction)));
  }

  public static final class Sales {
    Person seller;
    /** Auctions of a seller who has not come yet. */
    List<Integer> waiting;
  }

  private static final class WithSeller
      extends KeyedCoProcessFunction<Integer, Person, Auction, LocalAuction> {
    private transient ValueState<Sales> state;
    private transient LocalAuction row;

    @Override
    public void open(OpenContext context) {
      state =
          getRuntimeContext()
              .getState(new ValueStateDescriptor<>("sales", PlainType.chained(Sales.class)));
      row = new LocalAuction();
    }

    private Sales sales() throws Exception {
      Sales sales = state.value();
      if (sales == null) {
        sales = new Sales();
        state.update(sales);
      }
      return sales;
    }

    @Override
    public void processElement1(Person person, Context context, Collector<LocalAuction> out)
        throws Exception {
      Sales sales = sales();
      sales.seller = person;
      if (sales.waiting == null) return;
      for (int auction : sales.waiting) emit(person, auction, out);
      sales.waiting = null;
    }

    @Override
    public void processElement2(Auction auction, Context context, Collector<LocalAuction> out)
        throws Exception {
      Sales sales = sales();
      if (sales.seller != null) {
        emit(sales.seller, auction.id, out);
        return;
      }
      if (sales.waiting == null) sales.waiting = new ArrayList<>(1);
      sales.waiting.add(auction.id);
    }

    private void emit(Person seller, int auction, Collector<LocalAuction> out) {
      row.seller = seller;
      row.auction = auction;
      out.collect(row);
    }
  }

  /** What a better bid does to the bids that win in a category: to their number, and to the sum of their prices. */
  public static final class Change {
    static final PlainType<Change> TYPE =
        new PlainType<>(
            Change.class,
            (change, out) -> {
              out.writeInt(change.category);
              out.writeInt(change.auctions);
              out.writeLong(change.total);
            },
            in -> {
              Change change = new Change();
              change.category = in.readInt();
              change.auctions = in.readInt();
              change.total = in.readLong();
              return change;
            });

    int category;
    int auctions;
    long total;
  }

  /** The average of the winning bids of each category. */
  static void q4(Settings settings, DataStream<NexmarkEvent> events) {
    Nexmark.bids(
            events,
            OFFER,
            (bid, event) -> {
              bid.auction = event.id();
              bid.price = event.price();
              bid.time = event.time;
            })
        .keyBy(bid -> bid.auction)
        .connect(
            events
                .flatMap(new Auction.Of(auction -> true))
                .returns(Auction.TIMED)
                .keyBy(auction -> auction.id))
        .process(new Winning())
        .returns(Change.TYPE)
        .keyBy(change -> change.category)
        .process(new Averaging())
        .returns(Change.TYPE)
        .sinkTo(
            new CountingSink<>(
                settings, row -> row.category, row -> RowText.hashOf(row.category, row.total)));
  }

  private static final PlainType<Bid> OFFER =
      new PlainType<>(
          Bid.class,
          (bid, out) -> {
            out.writeInt(bid.auction);
            out.writeInt((int) bid.price);
            out.writeLong(bid.time);
          },
          in -> {
            Bid bid = new Bid();
            bid.auction = in.readInt();
            bid.price = in.readInt();
            bid.time = in.readLong();
            return bid;
          });

  public static final class Lot {
    Auction auction;
    long highest;
    /** Bids for an auction that has not come yet. */
    List<Bid> waiting;
  }

  private static final class Winning extends KeyedCoProcessFunction<Integer, Bid, Auction, Change> {
    private transient ValueState<Lot> state;
    private transient Change change;

    @Override
    public void open(OpenContext context) {
      state =
          getRuntimeContext()
              .getState(new ValueStateDescriptor<>("lot", PlainType.chained(Lot.class)));
      change = new Change();
    }

    private Lot lot() throws Exception {
      Lot lot = state.value();
      if (lot == null) {
        lot = new Lot();
        state.update(lot);
      }
      return lot;
    }

    @Override
    public void processElement1(Bid bid, Context context, Collector<Change> out) throws Exception {
      Lot lot = lot();
      if (lot.auction == null) {
        if (lot.waiting == null) lot.waiting = new ArrayList<>(1);
        lot.waiting.add(bid);
        return;
      }
      long before = lot.highest;
      offer(lot, bid);
      emit(lot, before, out);
    }

    @Override
    public void processElement2(Auction auction, Context context, Collector<Change> out)
        throws Exception {
      Lot lot = lot();
      lot.auction = auction;
      if (lot.waiting == null) return;
      for (Bid bid : lot.waiting) offer(lot, bid);
      lot.waiting = null;
      emit(lot, 0, out);
    }

    private static void offer(Lot lot, Bid bid) {
      boolean isInTime = bid.time >= lot.auction.time && bid.time <= lot.auction.expires;
      if (isInTime && bid.price > lot.highest) lot.highest = bid.price;
    }

    private void emit(Lot lot, long before, Collector<Change> out) {
      if (lot.highest == before) return;
      change.category = lot.auction.category;
      change.auctions = before == 0 ? 1 : 0;
      change.total = lot.highest - before;
      out.collect(change);
    }
  }

  /** What comes out is the category with its average as the total. */
  private static final class Averaging extends KeyedProcessFunction<Integer, Change, Change> {
    private transient ValueState<Change> state;
    private transient Change average;

    @Override
    public void open(OpenContext context) {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Change.TYPE));
      average = new Change();
    }

    @Override
    public void processElement(Change change, Context context, Collector<Change> out)
        throws Exception {
      Change sum = state.value();
      if (sum == null) {
        sum = change;
        state.update(sum);
      } else {
        sum.auctions += change.auctions;
        sum.total += change.total;
      }
      average.category = sum.category;
      average.total = sum.total / sum.auctions;
      out.collect(average);
    }
  }
}
