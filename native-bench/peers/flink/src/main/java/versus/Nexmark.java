package versus;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Queries of Nexmark over the corpus in memory, as an experienced user would write them for the DataStream API: plain classes,
 * texts that are not decoded, and only the fields that a query needs across an exchange. Those of native-bench/nexmark/queries
 * are built of the same operators.
 */
final class Nexmark {
  private Nexmark() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    WatermarkStrategy<NexmarkEvent> lateness =
        WatermarkStrategy.forBoundedOutOfOrderness(Duration.ofSeconds(4));
    DataStream<NexmarkEvent> events =
        env.fromSource(new CorpusSource(), lateness, "corpus", NexmarkEvent.TYPE);
    switch (settings.job) {
      case "floor" ->
          events
              .filter(event -> event.kind < 0)
              .sinkTo(new CountingSink<>(settings, event -> RowText.hashOf(event.kind)));
      case "q0" ->
          bids(events, Bid.SHORT, Bid::fillShort)
              .sinkTo(
                  new CountingSink<>(
                      settings,
                      bid ->
                          RowText.hashOf(bid.auction, bid.bidder, bid.price, bid.time, bid.extra)));
      case "q1" ->
          bids(events, Bid.SHORT, Bid::fillShort)
              .map(
                  bid -> {
                    bid.price *= 908;
                    return bid;
                  })
              .returns(Bid.SHORT)
              .sinkTo(
                  new CountingSink<>(
                      settings,
                      bid ->
                          RowText.hashOf(
                              bid.auction,
                              bid.bidder,
                              RowText.decimal(bid.price),
                              bid.time,
                              bid.extra)));
      case "q2" ->
          bids(
                  events,
                  Bid.AUCTION_PRICE,
                  (bid, event) -> {
                    bid.auction = event.id();
                    bid.price = event.price();
                  })
              .filter(bid -> bid.auction % 123 == 0)
              .sinkTo(
                  new CountingSink<>(settings, bid -> RowText.hashOf(bid.auction, bid.price)));
      case "q3" -> NexmarkJoins.q3(settings, events);
      case "q4" -> NexmarkJoins.q4(settings, events);
      case "q5" -> NexmarkWindows.q5(settings, events);
      case "q7" -> NexmarkWindows.q7(settings, events);
      case "q7-window" -> NexmarkWindows.q7Window(settings, events);
      case "q8" -> NexmarkWindows.q8(settings, events);
      case "q11" -> NexmarkWindows.q11(settings, events);
      case "q18" ->
          bids(events, Bid.WHOLE, Bid::fillWhole)
              .keyBy(bid -> (long) bid.bidder << 32 | bid.auction)
              .reduce((last, bid) -> bid.time >= last.time ? bid : last)
              .sinkTo(
                  new CountingSink<>(
                      settings,
                      bid -> (long) bid.bidder << 32 | bid.auction,
                      bid -> RowText.hashOf(bid.auction, bid.bidder, bid.time)));
      default -> throw new IllegalArgumentException("there is no job " + settings.job);
    }
  }

  static SingleOutputStreamOperator<Bid> bids(
      DataStream<NexmarkEvent> events, PlainType<Bid> type, Bid.Fill fill) {
    return events.flatMap(new Bid.Of(fill)).returns(type);
  }
}
