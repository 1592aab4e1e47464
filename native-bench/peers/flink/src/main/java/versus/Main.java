package versus;

import java.time.Duration;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Runs one job in this process, with as many slots as its parallelism, and prints one line of JSON:
 *
 * <pre>
 *   --job tumbling --keys 10000 --records 60000000     { timedRecords, seconds, cpuSeconds, peakMb, rows }
 *   ... --verify 1                                     { results, checksum }
 * </pre>
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Settings settings = new Settings(args);
    StreamExecutionEnvironment env = environment(settings);
    if (!settings.corpus.isEmpty()) Corpus.load(settings.corpus, settings.passes, settings.goesOn);
    if (settings.api.equals("sql")) NexmarkSql.define(settings, env);
    else Jobs.define(settings, env);
    env.execute(settings.job);
    if (!settings.job.equals("start")) System.out.println(report(settings));
    // Threads of the runtime that wait for nothing else do not keep the process.
    System.exit(0);
  }

  private static StreamExecutionEnvironment environment(Settings settings) {
    Configuration config = new Configuration();
    config.set(PipelineOptions.OBJECT_REUSE, true);
    config.set(PipelineOptions.GENERIC_TYPES, false);
    config.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    config.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
    config.set(CheckpointingOptions.ENABLE_CHECKPOINTS_AFTER_TASKS_FINISH, false);
    if (settings.bufferTimeoutMs < 0) config.set(ExecutionOptions.BUFFER_TIMEOUT_ENABLED, false);
    else config.set(ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(settings.bufferTimeoutMs));
    if (settings.checkpointMs > 0) {
      config.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(settings.checkpointMs));
      config.set(CheckpointingOptions.ENABLE_UNALIGNED, settings.unaligned);
      config.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
      config.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + settings.dir);
    }
    return StreamExecutionEnvironment.createLocalEnvironment(settings.parallelism, config);
  }

  private static String report(Settings settings) throws Exception {
    if (settings.verify) return Stopwatch.verified();
    if (settings.job.equals("latency")) return Latency.report();
    if (settings.job.equals("checkpoint")) return BackPressure.report();
    return Stopwatch.timed(
        settings.corpus.isEmpty() ? settings.records - settings.warmup : CorpusSource.timedEvents());
  }
}
