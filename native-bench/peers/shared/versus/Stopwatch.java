package versus;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a run measures, of all subtasks of this process: from the mean of the moments at which the subtasks of the source pass
 * the end of their warm-up, to the end of the last sink.
 */
final class Stopwatch {
  private static final LongAdder started = new LongAdder();
  private static final LongAdder startNanos = new LongAdder();
  private static final LongAdder startCpuNanos = new LongAdder();
  private static final AtomicLong endNanos = new AtomicLong(Long.MIN_VALUE);
  private static final LongAdder results = new LongAdder();
  private static final LongAdder high = new LongAdder();
  private static final LongAdder low = new LongAdder();
  /** Small numbers, so that sums of them are exact. */
  private static final long ORIGIN = System.nanoTime();

  private Stopwatch() {}

  static void start() {
    startNanos.add(System.nanoTime() - ORIGIN);
    startCpuNanos.add(cpuNanos());
    started.increment();
  }

  /** A sink has come to its end. */
  static void end(long rows, long highHashes, long lowHashes) {
    long now = System.nanoTime() - ORIGIN;
    endNanos.accumulateAndGet(now, Math::max);
    results.add(rows);
    high.add(highHashes);
    low.add(lowHashes);
  }

  /** What a run that compares results reports. */
  static String verified() {
    return String.format("{\"results\":%d,\"checksum\":%d}", results(), checksum());
  }

  /** What a timed run reports. */
  static String timed(long records) throws Exception {
    return String.format(
        "{\"timedRecords\":%d,\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"peakMb\":%.1f,\"rows\":%d}",
        records, seconds(), cpuSeconds(), peakMb(), results());
  }

  private static double seconds() {
    return (endNanos.get() - startNanos.sum() / started.sum()) / 1e9;
  }

  private static double cpuSeconds() {
    return (cpuNanos() - startCpuNanos.sum() / started.sum()) / 1e9;
  }

  private static long results() {
    return results.sum();
  }

  /** As many bits as a number of JavaScript holds. */
  private static long checksum() {
    return (high.sum() << 32 | low.sum() & 0xffffffffL) & (1L << 53) - 1;
  }

  /** Of all threads, those of the collector and of the compilers too. */
  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  static double peakMb() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
    }
    throw new IllegalStateException("no VmHWM in /proc/self/status");
  }
}
