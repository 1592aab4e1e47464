package versus;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.CoGroupFunction;
import org.apache.flink.api.common.functions.FilterFunction;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.co.ProcessJoinFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessAllWindowFunction;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Queries over windows. */
final class NexmarkWindows {
  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final long WINDOW_MS = WINDOW.toMillis();

  private NexmarkWindows() {}

  /** Bids of an auction, or of a bidder, in a window. */
  public static final class Count {
    static final PlainType<Count> TYPE =
        new PlainType<>(
            Count.class,
            (row, out) -> {
              out.writeInt(row.id);
              out.writeLong(row.bids);
            },
            in -> {
              Count row = new Count();
              row.id = in.readInt();
              row.bids = in.readLong();
              return row;
            });

    int id;
    long bids;
    long start;
    long end;
  }

  public static final class Counter {
    public long bids;
  }

  private static final class Counting implements AggregateFunction<Bid, Counter, Counter> {
    @Override
    public Counter createAccumulator() {
      return new Counter();
    }

    @Override
    public Counter add(Bid bid, Counter counter) {
      counter.bids++;
      return counter;
    }

    @Override
    public Counter getResult(Counter counter) {
      return counter;
    }

    @Override
    public Counter merge(Counter a, Counter b) {
      a.bids += b.bids;
      return a;
    }
  }

  private static final class WithWindow
      implements WindowFunction<Counter, Count, Integer, TimeWindow> {
    private transient Count row;

    @Override
    public void apply(Integer key, TimeWindow window, Iterable<Counter> of, Collector<Count> out) {
      if (row == null) row = new Count();
      row.id = key;
      row.bids = of.iterator().next().bids;
      row.start = window.getStart();
      row.end = window.getEnd();
      out.collect(row);
    }
  }

  /** The auctions with most bids in the last ten seconds, every two seconds. */
  static void q5(Settings settings, DataStream<NexmarkEvent> events) {
    Nexmark.bids(events, Bid.AUCTION, (bid, event) -> bid.auction = event.id())
        .keyBy(bid -> bid.auction)
        .window(SlidingEventTimeWindows.of(WINDOW, Duration.ofSeconds(2)))
        .aggregate(
            new Counting(), new WithWindow(), Types.POJO(Counter.class), Count.TYPE)
        // The counts of a window all have its last millisecond as their time.
        .windowAll(TumblingEventTimeWindows.of(Duration.ofSeconds(2)))
        .aggregate(
            new Leading(),
            PlainType.chained(Leaders.class),
            PlainType.chained(Leaders.class))
        .flatMap(
            (FlatMapFunction<Leaders, Count>)
                (leaders, out) -> {
                  Count row = new Count();
                  row.bids = leaders.bids;
                  for (int auction : leaders.auctions) {
                    row.id = auction;
                    out.collect(row);
                  }
                })
        .returns(Count.TYPE)
        .setParallelism(1)
        .sinkTo(new CountingSink<>(settings, row -> RowText.hashOf(row.id, row.bids)))
        .setParallelism(1);
  }

  public static final class Leaders {
    long bids;
    List<Integer> auctions = new ArrayList<>();
  }

  private static final class Leading implements AggregateFunction<Count, Leaders, Leaders> {
    @Override
    public Leaders createAccumulator() {
      return new Leaders();
    }

    @Override
    public Leaders add(Count count, Leaders leaders) {
      if (count.bids < leaders.bids) return leaders;
      if (count.bids > leaders.bids) leaders.auctions.clear();
      leaders.bids = count.bids;
      leaders.auctions.add(count.id);
      return leaders;
    }

    @Override
    public Leaders getResult(Leaders leaders) {
      return leaders;
    }

    @Override
    public Leaders merge(Leaders a, Leaders b) {
      throw new IllegalStateException("windows of a fixed size do not merge");
    }
  }

  /**
   * The highest bids of each ten seconds, both ends of which belong to them. The highest price is found in parts before it is
   * found of all, as an aggregation in two phases would.
   */
  static void q7(Settings settings, DataStream<NexmarkEvent> events) {
    DataStream<Bid> highest =
        Nexmark.bids(
                events,
                Bid.AUCTION_PRICE,
                (bid, event) -> {
                  bid.auction = event.id();
                  bid.price = event.price();
                })
            .keyBy(bid -> bid.auction & 127)
            .window(TumblingEventTimeWindows.of(WINDOW))
            .reduce(NexmarkWindows::higher)
            .windowAll(TumblingEventTimeWindows.of(WINDOW))
            .reduce(NexmarkWindows::higher);
    // The time of a highest price is the last millisecond of its window.
    highest
        .keyBy(bid -> bid.price)
        .intervalJoin(Nexmark.bids(events, Bid.SHORT, Bid::fillShort).keyBy(bid -> bid.price))
        .between(WINDOW.negated().plusMillis(1), Duration.ofMillis(1))
        .process(
            new ProcessJoinFunction<Bid, Bid, Bid>() {
              @Override
              public void processElement(Bid max, Bid bid, Context context, Collector<Bid> out) {
                out.collect(bid);
              }
            },
            Bid.SHORT)
        .sinkTo(
            new CountingSink<>(
                settings,
                bid -> RowText.hashOf(bid.auction, bid.price, bid.bidder, bid.time, bid.extra)));
  }

  private static Bid higher(Bid a, Bid b) {
    return b.price > a.price ? b : a;
  }

  /** Of a window: its highest bids, which all have one price, and those of its first millisecond. */
  private static final class Highest {
    final List<Bid> bids = new ArrayList<>();
    final List<Bid> first = new ArrayList<>();
    long price;

    void add(Bid bid) {
      if (bid.price < price) return;
      if (bid.price > price) bids.clear();
      price = bid.price;
      bids.add(bid);
    }
  }

  /**
   * Leaves out bids below one that went through for the same window. What it has seen is no state: where it is forgotten, more
   * of them go through.
   */
  private static final class MayBeHighest implements FilterFunction<NexmarkEvent> {
    private long start;
    private long highest;

    @Override
    public boolean filter(NexmarkEvent event) {
      if (event.kind != NexmarkEvent.BID) return false;
      if (event.time < start || event.time >= start + WINDOW_MS) {
        start = event.time - event.time % WINDOW_MS;
        highest = 0;
      }
      long price = event.price();
      if (price < highest) return event.time == start;
      highest = price;
      return true;
    }
  }

  private static final class HighestOf implements AggregateFunction<Bid, Highest, Highest> {
    @Override
    public Highest createAccumulator() {
      return new Highest();
    }

    @Override
    public Highest add(Bid bid, Highest highest) {
      if (bid.time % WINDOW_MS == 0) highest.first.add(bid);
      highest.add(bid);
      return highest;
    }

    @Override
    public Highest getResult(Highest highest) {
      return highest;
    }

    @Override
    public Highest merge(Highest a, Highest b) {
      throw new IllegalStateException("windows of a fixed size do not merge");
    }
  }

  /** Compares what is of the first millisecond of a window with the one before, whose last end it is. */
  private static final class BothEnds
      extends ProcessAllWindowFunction<Highest, Bid, TimeWindow> {
    private static final ValueStateDescriptor<Tuple2<Long, Long>> BEFORE =
        new ValueStateDescriptor<>("before", Types.TUPLE(Types.LONG, Types.LONG));

    @Override
    public void process(Context context, Iterable<Highest> of, Collector<Bid> out)
        throws Exception {
      Highest highest = of.iterator().next();
      ValueState<Tuple2<Long, Long>> state = context.globalState().getState(BEFORE);
      Tuple2<Long, Long> before = state.value();
      if (before != null && before.f1 == context.window().getStart()) {
        for (Bid bid : highest.first) if (bid.price == before.f0) out.collect(bid);
      }
      highest.bids.forEach(out::collect);
      state.update(Tuple2.of(highest.price, context.window().getEnd()));
    }
  }

  /** The same without a join: most bids are left out before the exchange, in which all others come to one place. */
  static void q7Window(Settings settings, DataStream<NexmarkEvent> events) {
    Nexmark.bids(events.filter(new MayBeHighest()), Bid.SHORT, Bid::fillShort)
        .windowAll(TumblingEventTimeWindows.of(WINDOW))
        .aggregate(
            new HighestOf(),
            new BothEnds(),
            PlainType.chained(Highest.class),
            PlainType.chained(Highest.class),
            Bid.SHORT)
        .sinkTo(
            new CountingSink<>(
                settings,
                bid -> RowText.hashOf(bid.auction, bid.price, bid.bidder, bid.time, bid.extra)))
        .setParallelism(1);
  }

  /** People who opened an auction in the ten seconds in which they came. */
  static void q8(Settings settings, DataStream<NexmarkEvent> events) {
    DataStream<Person> persons =
        events.flatMap(new Person.Of(event -> true)).returns(Person.NAMED);
    DataStream<Auction> auctions =
        events.flatMap(new Auction.Of(event -> true)).returns(Auction.SELLER);
    persons
        .coGroup(auctions)
        .where(person -> person.id)
        .equalTo(auction -> auction.seller)
        .window(TumblingEventTimeWindows.of(WINDOW))
        .apply(
            (CoGroupFunction<Person, Auction, Person>)
                (people, opened, out) -> {
                  if (opened.iterator().hasNext()) people.forEach(out::collect);
                },
            Person.NAMED)
        .sinkTo(
            new CountingSink<>(
                settings,
                person ->
                    RowText.hashOf(
                        person.id, person.name, person.time - person.time % WINDOW.toMillis())));
  }

  /** How many bids each bidder makes without a pause of ten seconds. */
  static void q11(Settings settings, DataStream<NexmarkEvent> events) {
    Nexmark.bids(events, Bid.BIDDER, (bid, event) -> bid.bidder = event.party())
        .keyBy(bid -> bid.bidder)
        .window(EventTimeSessionWindows.withGap(WINDOW))
        .aggregate(
            new Counting(), new WithWindow(), Types.POJO(Counter.class), Count.TYPE)
        .sinkTo(
            new CountingSink<>(
                settings, row -> RowText.hashOf(row.id, row.bids, row.start, row.end)));
  }
}
