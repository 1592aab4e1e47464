package versus;

import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;

/** A small job, from nothing to its results: for the time that a user waits. The same as native-bench/macro/small-job.mjs. */
final class Start {
  private Start() {}

  public static final class Word {
    public String word;
    public long time;
    public long count;

    public Word() {}

    Word(String word, long time) {
      this.word = word;
      this.time = time;
      this.count = 1;
    }
  }

  static void define(StreamExecutionEnvironment env) {
    env.fromData(new Word("a", 1), new Word("b", 2), new Word("a", 3))
        .assignTimestampsAndWatermarks(
            WatermarkStrategy.<Word>forMonotonousTimestamps()
                .withTimestampAssigner((word, time) -> word.time))
        .keyBy(word -> word.word)
        .window(TumblingEventTimeWindows.of(Duration.ofSeconds(1)))
        .reduce(
            (sum, word) -> {
              sum.count += word.count;
              return sum;
            })
        .map(
            word -> {
              System.out.println(word.word + " " + word.count);
              return 1;
            })
        .sinkTo(new DiscardingSink<>());
  }
}
