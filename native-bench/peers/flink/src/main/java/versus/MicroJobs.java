package versus;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.async.ResultFuture;
import org.apache.flink.streaming.api.functions.async.RichAsyncFunction;
import org.apache.flink.streaming.api.functions.co.CoMapFunction;
import org.apache.flink.streaming.api.windowing.assigners.GlobalWindows;
import org.apache.flink.util.Collector;

/** Single parts of an engine; native-bench/versus/micro-jobs.ts has the same. */
final class MicroJobs {
  private static final int UNDER_WAY = 100;
  private static final String REST = "x".repeat(1024 - 8);

  private MicroJobs() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    switch (settings.job) {
      case "map-sink" ->
          unordered(settings, env)
              .map(Jobs::plusOne)
              .returns(Jobs.eventType(settings))
              .sinkTo(Jobs.eventSink(settings));
      case "key-by-array" ->
          unordered(settings, env)
              .map(event -> new int[] {event.key, (int) event.value})
              .returns(PrimitiveArrayTypeInfo.INT_PRIMITIVE_ARRAY_TYPE_INFO)
              .keyBy(pair -> pair[0])
              .sinkTo(new CountingSink<>(settings, pair -> Shape.hashOf(pair[0], pair[1])));
      case "two-inputs" -> twoInputs(settings, env);
      case "global" ->
          ordered(settings, env)
              .keyBy(event -> event.key)
              .window(GlobalWindows.createWithEndOfStreamTrigger())
              .reduce(
                  (sum, event) -> {
                    sum.value += event.value;
                    return sum;
                  })
              .sinkTo(resultSink(settings));
      case "async-ordered" ->
          AsyncDataStream.orderedWait(
                  unordered(settings, env), new Asking(), 1, TimeUnit.HOURS, UNDER_WAY)
              .returns(Jobs.eventType(settings))
              .sinkTo(Jobs.eventSink(settings));
      case "async-unordered" ->
          AsyncDataStream.unorderedWait(
                  unordered(settings, env), new Asking(), 1, TimeUnit.HOURS, UNDER_WAY)
              .returns(Jobs.eventType(settings))
              .sinkTo(Jobs.eventSink(settings));
      case "serialize-objects" -> serializeObjects(settings, env);
      case "serialize-texts" -> serializeTexts(settings, env);
      case "timers" ->
          ordered(settings, env)
              .keyBy(event -> event.key)
              .process(new Timers())
              .returns(Jobs.eventType(settings))
              .sinkTo(resultSink(settings));
      case "checkpoint" -> BackPressure.define(settings, env);
      default -> throw new IllegalArgumentException("there is no job " + settings.job);
    }
  }

  /** Without event time. */
  private static DataStream<Event> unordered(Settings settings, StreamExecutionEnvironment env) {
    return Jobs.events(settings, env, WatermarkStrategy.noWatermarks());
  }

  private static DataStream<Event> ordered(Settings settings, StreamExecutionEnvironment env) {
    return Jobs.events(settings, env, WatermarkStrategy.forMonotonousTimestamps());
  }

  /** Results without a time. */
  static CountingSink<Event> resultSink(Settings settings) {
    return new CountingSink<>(settings, row -> Shape.hashOf(row.key, row.value));
  }

  private static void twoInputs(Settings settings, StreamExecutionEnvironment env) {
    List<DataStream<Event>> halves =
        List.of("first", "second").stream()
            .map(
                name ->
                    (DataStream<Event>)
                        env.fromSource(
                            new EventSource(settings, 2),
                            WatermarkStrategy.noWatermarks(),
                            name,
                            Jobs.eventType(settings)))
            .toList();
    halves
        .get(0)
        .connect(halves.get(1))
        .map(
            new CoMapFunction<Event, Event, Event>() {
              @Override
              public Event map1(Event event) {
                return Jobs.plusOne(event);
              }

              @Override
              public Event map2(Event event) {
                return Jobs.plusOne(event);
              }
            })
        .returns(Jobs.eventType(settings))
        .sinkTo(Jobs.eventSink(settings));
  }

  /** The event of the source is filled again meanwhile, so that each call has one of its own. */
  private static final class Asking extends RichAsyncFunction<Event, Event> {
    @Override
    public void asyncInvoke(Event event, ResultFuture<Event> result) {
      Event own = new Event();
      own.key = event.key;
      own.value = event.value;
      own.time = event.time;
      CompletableFuture.supplyAsync(() -> Jobs.plusOne(own))
          .thenAccept(answer -> result.complete(List.of(answer)));
    }
  }

  public static final class Payment {
    public long amount;
    public long time;
  }

  /** By Flink's own serializer of plain classes. */
  public static final class Order {
    public String name;
    public String[] tags;
    public Payment payment;
  }

  private static void serializeObjects(Settings settings, StreamExecutionEnvironment env) {
    unordered(settings, env)
        .map(
            event -> {
              Order order = new Order();
              order.name = "customer " + event.key;
              order.tags = new String[] {"new", "paid", "sent"};
              order.payment = new Payment();
              order.payment.amount = event.value;
              order.payment.time = event.time;
              return order;
            })
        .returns(Types.POJO(Order.class))
        .rebalance()
        .map(
            order -> {
              Event event = new Event();
              event.key = order.name.length() + order.tags.length;
              event.value = order.payment.amount;
              event.time = order.payment.time;
              return event;
            })
        .returns(Jobs.eventType(settings))
        .sinkTo(Jobs.eventSink(settings));
  }

  private static void serializeTexts(Settings settings, StreamExecutionEnvironment env) {
    unordered(settings, env)
        .map(event -> String.format("%08d", event.key % 100_000_000) + REST)
        .returns(Types.STRING)
        .rebalance()
        .map(
            text -> {
              Event event = new Event();
              event.key = Integer.parseInt(text.substring(0, 8));
              event.value = text.length();
              return event;
            })
        .returns(Jobs.eventType(settings))
        .sinkTo(resultSink(settings));
  }

  private static final class Timers extends KeyedProcessFunction<Integer, Event, Event> {
    private transient Event result;

    @Override
    public void processElement(Event event, Context context, Collector<Event> out) {
      context.timerService().registerEventTimeTimer(event.time + 1000);
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Event> out) {
      if (result == null) result = new Event();
      result.key = context.getCurrentKey();
      result.value = time;
      out.collect(result);
    }
  }
}
