package versus;

import java.util.Map;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamStatementSet;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * Queries of Nexmark as statements of SQL, planned by Flink's own planner, over the same corpus and with the same results as
 * those of {@link Nexmark}: the fields of a row are in the order in which the checksum has them.
 */
final class NexmarkSql {
  /** Columns and key of the result, and what is inserted. */
  private record Query(String columns, String key, String select) {}

  private static final String SHORT =
      "auction INT, bidder INT, price INT, happened TIMESTAMP(3), extra STRING";

  private static final Map<String, Query> QUERIES =
      Map.of(
          "floor",
          new Query("kind INT", null, "SELECT kind FROM events WHERE kind < 0"),
          "q0",
          new Query(SHORT, null, "SELECT auction, bidder, price, happened, extra FROM bid"),
          "q1",
          new Query(
              "auction INT, bidder INT, price DECIMAL(14, 3), happened TIMESTAMP(3), extra STRING",
              null,
              "SELECT auction, bidder, 0.908 * price, happened, extra FROM bid"),
          "q2",
          new Query(
              "auction INT, price INT",
              null,
              "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"),
          "q3",
          new Query(
              "name STRING, city STRING, state STRING, auction INT",
              null,
              """
              SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id
              WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')
              """),
          "q4",
          new Query(
              "category INT, price INT",
              "category",
              """
              SELECT category, AVG(highest) FROM (
                SELECT a.category, MAX(b.price) AS highest FROM auction a JOIN bid b ON b.auction = a.id
                WHERE b.happened >= a.happened AND b.happened <= a.expires
                GROUP BY a.id, a.category)
              GROUP BY category
              """),
          "q5",
          new Query(
              "auction INT, bids BIGINT",
              null,
              """
              WITH counts AS (
                SELECT auction, COUNT(*) AS bids, window_start, window_end
                FROM HOP(TABLE bid, DESCRIPTOR(happened), INTERVAL '2' SECOND, INTERVAL '10' SECOND)
                GROUP BY auction, window_start, window_end)
              SELECT c.auction, c.bids FROM counts c JOIN (
                SELECT MAX(bids) AS most, window_start, window_end FROM counts
                GROUP BY window_start, window_end) m
              ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.bids = m.most
              """),
          "q7",
          new Query(
              "auction INT, price INT, bidder INT, happened TIMESTAMP(3), extra STRING",
              null,
              """
              SELECT b.auction, b.price, b.bidder, b.happened, b.extra FROM bid b JOIN (
                SELECT MAX(price) AS price, window_time AS rowTime, window_end AS ends
                FROM TUMBLE(TABLE bid, DESCRIPTOR(happened), INTERVAL '10' SECOND)
                GROUP BY window_start, window_end, window_time) m
              ON b.price = m.price
              AND b.happened BETWEEN m.rowTime - INTERVAL '9.999' SECOND AND m.rowTime + INTERVAL '0.001' SECOND
              """),
          "q8",
          new Query(
              "person INT, name STRING, starts TIMESTAMP(3)",
              null,
              """
              SELECT p.id, p.name, p.window_start FROM (
                SELECT id, name, window_start, window_end
                FROM TUMBLE(TABLE person, DESCRIPTOR(happened), INTERVAL '10' SECOND)
                GROUP BY id, name, window_start, window_end) p
              JOIN (
                SELECT seller, window_start, window_end
                FROM TUMBLE(TABLE auction, DESCRIPTOR(happened), INTERVAL '10' SECOND)
                GROUP BY seller, window_start, window_end) a
              ON p.id = a.seller AND p.window_start = a.window_start AND p.window_end = a.window_end
              """),
          "q11",
          new Query(
              "bidder INT, bids BIGINT, starts TIMESTAMP(3), ends TIMESTAMP(3)",
              null,
              """
              SELECT bidder, COUNT(*), window_start, window_end
              FROM SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(happened), INTERVAL '10' SECOND)
              GROUP BY bidder, window_start, window_end
              """));

  /** Of the last bid of each bidder for an auction only what does not depend on the order within a millisecond is compared. */
  private static final Query LAST_BIDS =
      new Query(
          "auction INT, bidder INT, happened TIMESTAMP(3), channel STRING, url STRING, extra STRING",
          "auction, bidder",
          """
          SELECT auction, bidder, happened, channel, url, extra FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY happened DESC) AS rank_
            FROM bid) WHERE rank_ <= 1
          """);

  private NexmarkSql() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    Query query = settings.job.equals("q18") ? LAST_BIDS : QUERIES.get(settings.job);
    if (query == null) throw new IllegalArgumentException("there is no query " + settings.job);
    StreamTableEnvironment tables = StreamTableEnvironment.create(env);
    tables.getConfig().set("table.local-time-zone", "UTC");
    tables.getConfig().set("table.exec.sink.upsert-materialize", "NONE");
    if (settings.miniBatchMs > 0) {
      tables.getConfig().set("table.exec.mini-batch.enabled", "true");
      tables.getConfig().set("table.exec.mini-batch.allow-latency", settings.miniBatchMs + " ms");
      tables.getConfig().set("table.exec.mini-batch.size", "50000");
    }
    tables.executeSql(
        "CREATE TABLE events ("
            + EventRow.COLUMNS
            + ", WATERMARK FOR happened AS happened - INTERVAL '4' SECOND) WITH ('connector' = 'nexmark')");
    view(tables, "person", EventRow.PERSON, "id, name, email, card, city, state", NexmarkEvent.PERSON);
    view(
        tables,
        "auction",
        EventRow.AUCTION,
        "id, itemName, description, initialBid, reserve, expires, seller, category",
        NexmarkEvent.AUCTION);
    view(tables, "bid", EventRow.BID, "auction, bidder, price, channel, url", NexmarkEvent.BID);
    String key = query.key == null ? "" : ", PRIMARY KEY (" + query.key + ") NOT ENFORCED";
    tables.executeSql(
        String.format(
            "CREATE TABLE counted (%s%s) WITH ('connector' = 'nexmark', 'verify' = '%s')",
            query.columns, key, settings.verify));
    StreamStatementSet statements = tables.createStatementSet();
    statements.addInsertSql("INSERT INTO counted " + query.select);
    statements.attachAsDataStream();
  }

  /** The events of one kind, with its fields beside the time of the event. */
  private static void view(
      StreamTableEnvironment tables, String name, String column, String fields, int kind) {
    String selected = column + "." + fields.replace(", ", ", " + column + ".");
    tables.executeSql(
        String.format(
            "CREATE VIEW %s AS SELECT %s, %s.extra, happened FROM events WHERE kind = %d",
            name, selected, column, kind));
  }
}
