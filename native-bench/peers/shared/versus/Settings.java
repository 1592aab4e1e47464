package versus;

import java.io.Serializable;
import java.util.HashMap;

/** The arguments of a run, as {@code --name value}; native-bench/versus/run-job.ts has the same. */
final class Settings implements Serializable {
  final String job;
  /** 0: records have numbers instead of keys. */
  final int keys;
  final long records;
  /** The clock starts behind so many of them. */
  final long warmup;
  /** Records in a millisecond of event time. */
  final int perMs;
  final long sizeMs;
  final long slideMs;
  final long gapMs;
  final int parallelism;
  /** 0: no checkpoints. */
  final long checkpointMs;
  /** Whether barriers pass what waits in front of them. */
  final boolean unaligned;
  /** How often each record reaches for the state of its key, in jobs that measure that. */
  final int operations;
  /** -1: rows wait for full buffers; 0: each is sent at once. */
  final long bufferTimeoutMs;
  /** Whether results are added up to a checksum. */
  final boolean verify;
  /** Whether records cross exchanges by Flink's serializer of plain classes, or by one written for them. */
  final String serializer;
  /** Records a second and seconds of a job with a steady rate. */
  final long rate;
  final int seconds;
  /** A folder for checkpoints. */
  final String dir;
  /** Of SQL: how long a change may wait for others of its key; 0: it does not. */
  final long miniBatchMs;
  /** The file of events of a query of Nexmark; empty for other jobs. */
  final String corpus;
  /** How many times it is read, and whether its ids and times go on. */
  final int passes;
  final boolean goesOn;
  /** Whether a query is a program for streams, or a statement that is planned: 'stream' or 'sql'. */
  final String api;

  private final HashMap<String, String> given = new HashMap<>();

  Settings(String[] args) {
    for (int i = 0; i < args.length; i += 2) {
      if (!args[i].startsWith("--") || i + 1 == args.length) {
        throw new IllegalArgumentException("arguments are pairs of --name and value, got " + args[i]);
      }
      given.put(args[i].substring(2), args[i + 1]);
    }
    job = text("job", "");
    keys = (int) number("keys", 0);
    records = number("records", 1_000_000);
    warmup = number("warmup", (long) (records * 0.3));
    perMs = (int) number("per-ms", 1000);
    sizeMs = number("size-ms", 10_000);
    slideMs = number("slide-ms", 1_000);
    gapMs = number("gap-ms", 301);
    parallelism = (int) number("parallelism", 2);
    checkpointMs = number("checkpoint-ms", 0);
    unaligned = number("unaligned", 0) == 1;
    operations = (int) number("operations", 10);
    bufferTimeoutMs = number("buffer-timeout-ms", 100);
    verify = number("verify", 0) == 1;
    serializer = text("serializer", "own");
    rate = number("rate", 100_000);
    seconds = (int) number("seconds", 10);
    dir = text("dir", "");
    miniBatchMs = number("mini-batch-ms", 0);
    corpus = text("corpus", "");
    passes = (int) number("passes", 1);
    goesOn = number("goes-on", 0) == 1;
    api = text("api", "stream");
    if (!given.isEmpty()) throw new IllegalArgumentException("there is no --" + given.keySet());
  }

  private long number(String name, long fallback) {
    String value = given.remove(name);
    return value == null ? fallback : Long.parseLong(value);
  }

  private String text(String name, String fallback) {
    String value = given.remove(name);
    return value == null ? fallback : value;
  }
}
