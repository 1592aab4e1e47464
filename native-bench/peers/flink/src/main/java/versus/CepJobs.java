package versus;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.cep.CEP;
import org.apache.flink.cep.PatternSelectFunction;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.conditions.SimpleCondition;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A pattern of three steps by key; native-bench/macro/cep-shape.ts and native-bench/versus/cep-jobs.ts have the same. */
final class CepJobs {
  private CepJobs() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    CEP.pattern(
            Jobs.events(settings, env, WatermarkStrategy.forMonotonousTimestamps())
                .keyBy(event -> event.key),
            pattern(settings.job.equals("cep-strict")))
        .select(new ToFound())
        .sinkTo(
            new CountingSink<>(
                settings, row -> Shape.hashOf(row.key, row.first, row.second, row.third)));
  }

  /** Most records begin nothing. */
  private static Pattern<Event, ?> pattern(boolean isStrict) {
    SimpleCondition<Event> isSecond = SimpleCondition.of(event -> event.value < 300);
    SimpleCondition<Event> isThird =
        SimpleCondition.of(event -> event.value >= 300 && event.value < 600);
    Pattern<Event, Event> first =
        Pattern.<Event>begin("first").where(SimpleCondition.of(event -> event.value >= 1000));
    Pattern<Event, Event> steps =
        isStrict
            ? first.next("second").where(isSecond).next("third").where(isThird)
            : first.followedBy("second").where(isSecond).followedBy("third").where(isThird);
    return steps.within(Duration.ofMillis(100));
  }

  public static final class Found {
    public int key;
    public long first;
    public long second;
    public long third;
  }

  private static final class ToFound implements PatternSelectFunction<Event, Found> {
    @Override
    public Found select(Map<String, List<Event>> match) {
      Found found = new Found();
      Event first = match.get("first").get(0);
      found.key = first.key;
      found.first = first.value;
      found.second = match.get("second").get(0).value;
      found.third = match.get("third").get(0).value;
      return found;
    }
  }
}
