/**
 * Some queries of Nexmark as bare loops in C++, on two threads, over the corpus in memory. Built by
 * `g++ -O3 -march=native -std=c++20 -pthread`.
 *
 *   loops <query> <corpus file>          prints { ms, cpuSeconds, events, rows }
 *   loops <query> <corpus file> check    prints { rows, checksum } of the final rows
 *
 * The bytes are those of corpus-format.ts, the checksum that of checksum.ts. In queries without a key each thread takes
 * every second segment; in those with a key each reads all of them and takes its share of the keys, so that nothing has to be
 * exchanged and the bids of a key stay in order.
 */
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "loops.hpp"

namespace {

constexpr int64_t PANE_MS = 2'000, WINDOW_MS = 10'000, DAY_MS = 86'400'000;
constexpr int PANES = 5;

Query q0() {
  return {[](int thread, Out &out) {
    bidsFrom(thread, THREADS, [&](const Bid &bid) {
      out.row(numbersOf(bid), [&] {
        return joined({bid.auction, bid.bidder, bid.price, bid.time}) + "|" + extraOf(bid);
      });
    });
  }};
}

Query q1() {
  return {[](int thread, Out &out) {
    bidsFrom(thread, THREADS, [&](const Bid &bid) {
      int64_t thousandths = int64_t(bid.price) * 908;
      out.row(numbersOf(bid) + thousandths, [&] {
        char text[96];
        snprintf(text, sizeof text, "%d|%d|%" PRId64 ".%03" PRId64 "|%" PRId64 "|", bid.auction, bid.bidder,
                 thousandths / 1000, thousandths % 1000, bid.time);
        return text + extraOf(bid);
      });
    });
  }};
}

Query q2() {
  return {[](int thread, Out &out) {
    bidsFrom(thread, THREADS, [&](const Bid &bid) {
      if (bid.auction % 123 != 0) return;
      out.row(bid.auction + bid.price, [&] { return joined({bid.auction, bid.price}); });
    });
  }};
}

struct Leaders {
  int64_t most = 0;
  std::vector<int64_t> auctions;
};

/** Counts by pane of two seconds; a window is the sum of five. The leaders of both threads meet at the end. */
Query q5() {
  static std::map<int64_t, Leaders> leaders[THREADS];
  return {[](int thread, Out &) {
            std::vector<Table<int64_t>> panes(1);
            int64_t pane = -1;
            auto close = [&] {
              Table<int64_t> counts;
              for (auto &part : panes) part.each([&](int64_t auction, int64_t n) { counts[auction] += n; });
              Leaders &found = leaders[thread][pane];
              counts.each([&](int64_t auction, int64_t n) {
                if (n < found.most) return;
                if (n > found.most) found = {n, {}};
                found.auctions.push_back(auction);
              });
              panes.insert(panes.begin(), Table<int64_t>());
              if (panes.size() > PANES) panes.pop_back();
              pane++;
            };
            bidsOf(thread, byAuction, [&](const Bid &bid) {
              if (pane < 0) pane = bid.time / PANE_MS;
              while (pane < bid.time / PANE_MS) close();
              panes[0][bid.auction]++;
            });
            for (int i = 0; i < PANES && pane >= 0; i++) close();
          },
          [](Out &out) {
            std::map<int64_t, int64_t> most;
            for (auto &part : leaders) {
              for (auto &[pane, of] : part) most[pane] = std::max(most[pane], of.most);
            }
            for (auto &part : leaders) {
              for (auto &[pane, of] : part) {
                if (of.most < most[pane]) continue;
                for (int64_t auction : of.auctions) {
                  out.row(auction, [&, n = of.most] { return joined({auction, n}); });
                }
              }
            }
          }};
}

/** The highest bids of each window, and those of its first millisecond: they belong to the window before, too. */
Query q7() {
  static std::map<int64_t, std::vector<Bid>> highest[THREADS];
  static std::vector<Bid> firsts[THREADS];
  return {[](int thread, Out &) {
            int64_t window = -1;
            std::vector<Bid> *best = nullptr;
            bidsFrom(thread, THREADS, [&](const Bid &bid) {
              if (bid.time / WINDOW_MS != window) {
                window = bid.time / WINDOW_MS;
                best = &highest[thread][window];
              }
              if (bid.time % WINDOW_MS == 0) firsts[thread].push_back(bid);
              if (!best->empty() && bid.price < best->front().price) return;
              if (!best->empty() && bid.price > best->front().price) best->clear();
              best->push_back(bid);
            });
          },
          [](Out &out) {
            auto give = [&](const Bid &bid) {
              out.row(numbersOf(bid), [&] {
                return joined({bid.auction, bid.price, bid.bidder, bid.time}) + "|" + extraOf(bid);
              });
            };
            std::map<int64_t, int32_t> price;
            for (auto &part : highest) {
              for (auto &[window, bids] : part) price[window] = std::max(price[window], bids[0].price);
            }
            for (auto &part : highest) {
              for (auto &[window, bids] : part) {
                if (bids[0].price < price[window]) continue;
                for (const Bid &bid : bids) give(bid);
              }
            }
            for (auto &part : firsts) {
              for (const Bid &bid : part) {
                auto before = price.find(bid.time / WINDOW_MS - 1);
                if (before != price.end() && before->second == bid.price) give(bid);
              }
            }
          }};
}

struct Session {
  int64_t start, last, bids = 0;
};

Query q11() {
  return {[](int thread, Out &out) {
    Table<Session> open;
    auto end = [&](int64_t bidder, const Session &of) {
      out.row(of.bids, [&] { return joined({bidder, of.bids, of.start, of.last + WINDOW_MS}); });
    };
    int64_t nextLook = 0;
    bidsOf(thread, byBidder, [&](const Bid &bid) {
      if (bid.time >= nextLook) {
        nextLook = bid.time + WINDOW_MS;
        Table<Session> left;
        open.each([&](int64_t bidder, const Session &of) {
          if (bid.time - of.last <= WINDOW_MS) left[bidder] = of;
          else end(bidder, of);
        });
        open = std::move(left);
      }
      Session &own = open[bid.bidder];
      if (own.bids > 0 && bid.time - own.last > WINDOW_MS) {
        end(bid.bidder, own);
        own.bids = 0;
      }
      if (own.bids++ == 0) own.start = bid.time;
      own.last = bid.time;
    });
    open.each(end);
  }};
}

int64_t clockMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/** The clock is read once in so many bids. */
Query q12() {
  return {[](int thread, Out &out) {
    Table<int64_t> counts;
    int64_t window = clockMs() / WINDOW_MS;
    uint32_t n = 0;
    bidsOf(thread, byBidder, [&](const Bid &bid) {
      if (n++ % S == 0 && clockMs() / WINDOW_MS != window) {
        counts.each([&](int64_t bidder, int64_t of) { out.row(of, [&] { return joined({bidder, of}); }); });
        counts = Table<int64_t>();
        window = clockMs() / WINDOW_MS;
      }
      counts[bid.bidder]++;
    });
  }};
}

struct Prices {
  int64_t all = 0, rank[3] = {0, 0, 0}, min = INT64_MAX, max = 0, sum = 0;
};

/** In a timed run each change is a row. A key is the auction and the day. */
Query q17() {
  return {[](int thread, Out &out) {
    Table<Prices> groups;
    bidsOf(thread, byAuction, [&](const Bid &bid) {
      Prices &of = groups[(bid.time / DAY_MS << 32) + bid.auction];
      of.all++;
      of.rank[bid.price < 10'000 ? 0 : bid.price < 1'000'000 ? 1 : 2]++;
      of.min = std::min<int64_t>(of.min, bid.price);
      of.max = std::max<int64_t>(of.max, bid.price);
      of.sum += bid.price;
      if (!out.checks) out.row(of.all + of.min + of.max + of.sum / of.all, [] { return ""; });
    });
    if (!out.checks) return;
    groups.each([&](int64_t key, const Prices &of) {
      out.row(0, [&] {
        return std::to_string(key & 0xffffffff) + "|" + dayText(key >> 32) + "|" +
               joined({of.all, of.rank[0], of.rank[1], of.rank[2], of.min, of.max, of.sum / of.all, of.sum});
      });
    });
  }};
}

/** The last bid is kept by its place. */
Query q18() {
  return {[](int thread, Out &out) {
    struct Last {
      int64_t time = 0;
      uint32_t event = 0;
    };
    Table<Last> last;
    bidsOf(thread, byAuction, [&](const Bid &bid) {
      Last &of = last[(int64_t(bid.auction) << 32) + bid.bidder];
      if (bid.time < of.time) return;
      of = {bid.time, bid.event};
      if (!out.checks) out.row(numbersOf(bid), [] { return ""; });
    });
    if (!out.checks) return;
    last.each([&](int64_t key, const Last &of) {
      out.row(0, [&] { return joined({key >> 32, key & 0xffffffff, of.time}); });
    });
  }};
}

} // namespace

int main(int count, char **arguments) {
  const std::map<std::string, Query (*)()> queries = {
      {"q0", q0}, {"q1", q1},        {"q2", q2},   {"q5", q5},   {"q7", q7},
      {"q7-window", q7}, {"q11", q11}, {"q12", q12}, {"q17", q17}, {"q18", q18}};
  if (count < 3 || !queries.contains(arguments[1])) {
    fprintf(stderr, "usage: loops <query> <corpus file> [check]\n");
    return 1;
  }
  load(arguments[2]);
  Query query = queries.at(arguments[1])();
  const bool checks = count > 3;
  std::vector<Out> outs(THREADS + 1, Out{checks});
  const double startCpuSeconds = cpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < THREADS; thread++) {
    threads.emplace_back([&, thread] {
      Out out{checks};
      query.work(thread, out);
      outs[thread] = out;
    });
  }
  for (std::thread &thread : threads) thread.join();
  query.finish(outs[THREADS]);
  const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
  const double usedSeconds = cpuSeconds() - startCpuSeconds;
  Out all{checks};
  for (const Out &out : outs) {
    all.rows += out.rows;
    all.sum += out.sum;
    all.high += out.high;
    all.low += out.low;
  }
  if (checks) {
    printf("{\"rows\": %" PRIu64 ", \"checksum\": \"%08x%08x\"}\n", all.rows, all.high, all.low);
  } else {
    // The sum is shown where nobody reads it, so that the compiler makes all numbers.
    fprintf(stderr, "%" PRIu64 "\n", all.sum);
    printf("{\"ms\": %f, \"cpuSeconds\": %f, \"events\": %u, \"rows\": %" PRIu64 "}\n", ms.count(), usedSeconds, events,
           all.rows);
  }
}
