package versus;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** The jobs over made-up events; native-bench/versus/jobs.ts has the same. */
final class Jobs {
  private Jobs() {}

  static void define(Settings settings, StreamExecutionEnvironment env) throws Exception {
    switch (settings.job) {
      case "chain" -> chain(settings, env);
      case "rebalance" -> rebalance(settings, env);
      case "key-by" -> keyed(settings, env).sinkTo(eventSink(settings));
      case "tumbling" ->
          window(settings, env, TumblingEventTimeWindows.of(ms(settings.sizeMs)));
      case "sliding" ->
          window(
              settings,
              env,
              SlidingEventTimeWindows.of(ms(settings.sizeMs), ms(settings.slideMs)));
      case "session" -> window(settings, env, EventTimeSessionWindows.withGap(ms(settings.gapMs)));
      case "reduce" -> reduce(settings, env);
      case "cep-strict", "cep-relaxed" -> CepJobs.define(settings, env);
      case "latency" -> Latency.define(settings, env);
      case "start" -> Start.define(env);
      default -> {
        if (!settings.corpus.isEmpty()) Nexmark.define(settings, env);
        else if (settings.job.startsWith("state-")) StateJobs.define(settings, env);
        else MicroJobs.define(settings, env);
      }
    }
  }

  private static Duration ms(long ms) {
    return Duration.ofMillis(ms);
  }

  static TypeInformation<Event> eventType(Settings settings) {
    return settings.serializer.equals("own") ? EventType.INSTANCE : Types.POJO(Event.class);
  }

  static DataStream<Event> events(
      Settings settings, StreamExecutionEnvironment env, WatermarkStrategy<Event> strategy) {
    return env.fromSource(new EventSource(settings), strategy, "events", eventType(settings));
  }

  static CountingSink<Event> eventSink(Settings settings) {
    return new CountingSink<>(settings, row -> Shape.hashOf(row.key, row.value, row.time));
  }

  /** The event is changed in place: the chain hands it from function to function. */
  private static void chain(Settings settings, StreamExecutionEnvironment env) {
    events(settings, env, WatermarkStrategy.noWatermarks())
        .map(Jobs::plusOne)
        .returns(eventType(settings))
        .filter(event -> (event.key & 7) != 0)
        .sinkTo(eventSink(settings));
  }

  private static void rebalance(Settings settings, StreamExecutionEnvironment env) {
    events(settings, env, WatermarkStrategy.noWatermarks())
        .rebalance()
        .map(Jobs::plusOne)
        .returns(eventType(settings))
        .sinkTo(eventSink(settings));
  }

  static Event plusOne(Event event) {
    event.value += 1;
    return event;
  }

  static KeyedStream<Event, Integer> keyed(
      Settings settings, StreamExecutionEnvironment env) {
    return events(settings, env, WatermarkStrategy.noWatermarks()).keyBy(event -> event.key);
  }

  /** Behind the exchange each event is an object of its own, so that the value of a key is changed in place. */
  private static void reduce(Settings settings, StreamExecutionEnvironment env) {
    keyed(settings, env)
        .reduce(
            (sum, event) -> {
              sum.value += event.value;
              return sum;
            })
        .sinkTo(eventSink(settings));
  }

  private static void window(
      Settings settings,
      StreamExecutionEnvironment env,
      WindowAssigner<Object, TimeWindow> assigner) {
    events(settings, env, WatermarkStrategy.forMonotonousTimestamps())
        .keyBy(event -> event.key)
        .window(assigner)
        .aggregate(new CountAndSum(), new WithWindow())
        .sinkTo(
            new CountingSink<>(
                settings,
                row -> Shape.hashOf(row.key, row.start, row.end, row.count, row.sum)));
  }

  public static final class Totals {
    public long count;
    public long sum;
  }

  private static final class CountAndSum implements AggregateFunction<Event, Totals, Totals> {
    @Override
    public Totals createAccumulator() {
      return new Totals();
    }

    @Override
    public Totals add(Event event, Totals totals) {
      totals.count++;
      totals.sum += event.value;
      return totals;
    }

    @Override
    public Totals getResult(Totals totals) {
      return totals;
    }

    @Override
    public Totals merge(Totals a, Totals b) {
      a.count += b.count;
      a.sum += b.sum;
      return a;
    }
  }

  public static final class Result {
    public int key;
    public long start;
    public long end;
    public long count;
    public long sum;
  }

  /** One result object a subtask: the sink is in the chain, and keeps nothing. */
  private static final class WithWindow
      implements WindowFunction<Totals, Result, Integer, TimeWindow> {
    private transient Result result;

    @Override
    public void apply(
        Integer key, TimeWindow window, Iterable<Totals> totals, Collector<Result> out) {
      if (result == null) result = new Result();
      Totals only = totals.iterator().next();
      result.key = key;
      result.start = window.getStart();
      result.end = window.getEnd();
      result.count = only.count;
      result.sum = only.sum;
      out.collect(result);
    }
  }
}
