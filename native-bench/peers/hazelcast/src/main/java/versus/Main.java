package versus;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;

/**
 * Runs one job in this process, with as many threads as its parallelism, and prints one line of JSON:
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
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config(settings));
    member.getJet().newJob(Windows.dag(settings)).join();
    System.out.println(
        settings.verify ? Stopwatch.verified() : Stopwatch.timed(settings.records - settings.warmup));
    // Threads of the member that wait for nothing else do not keep the process.
    Runtime.getRuntime().halt(0);
  }

  /** A member by itself: it looks for no others, asks no one, and writes nothing. */
  private static Config config(Settings settings) {
    Config config = new Config();
    config.setProperty("hazelcast.logging.type", "none");
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.getMetricsConfig().setEnabled(false);
    config.getNetworkConfig().setPublicAddress("127.0.0.1");
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config.getJetConfig().setEnabled(true).setCooperativeThreadCount(settings.parallelism);
    return config;
  }
}
