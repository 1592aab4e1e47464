/**
 * The bare loop of keyed-tumbling.mjs in C++: the same records, tables and exchange, with rings of whole batches.
 *
 *   g++ -O3 -march=native -pthread -std=c++17 keyed-tumbling.cpp -o keyed-tumbling
 *   keyed-tumbling <threads: 1 | 2> <records> <keys>      prints { ms, records, results, checksum }
 *
 * The clock starts when the threads are ready. The checksum is that of ../macro/keyed-tumbling-shape.ts.
 */
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr int64_t RECORDS_PER_MS = 1000;
constexpr int64_t WINDOW_MS = 10'000;
constexpr int BATCH = 4096;
constexpr uint64_t RING_BATCHES = 12;  // about 1 MiB

struct Batch {
  int count = 0;
  int32_t keys[BATCH];
  double values[BATCH];
  double times[BATCH];
};

/** From one producer thread to one consumer thread; batches are written and read in place. */
class Ring {
 public:
  /** Room for a batch, or null when there is none now. */
  Batch* reserve() {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == RING_BATCHES) return nullptr;
    return &batches_[tail % RING_BATCHES];
  }
  void publish() { tail_.fetch_add(1, std::memory_order_release); }
  void close() { is_closed_.store(true, std::memory_order_release); }

  /** The next batch, or null when there is none now. */
  Batch* peek() {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return nullptr;
    return &batches_[head % RING_BATCHES];
  }
  void release() { head_.fetch_add(1, std::memory_order_release); }
  /** Closed comes first: what was published before must not be missed. */
  bool is_drained() { return is_closed_.load(std::memory_order_acquire) && peek() == nullptr; }

 private:
  alignas(128) std::atomic<uint64_t> tail_{0};
  alignas(128) std::atomic<uint64_t> head_{0};
  alignas(128) std::atomic<bool> is_closed_{false};
  std::unique_ptr<Batch[]> batches_{new Batch[RING_BATCHES]};
};

/** Keys beside the numbers of their slots; counts and sums beside each other. */
class Table {
 public:
  explicit Table(int64_t keys) {
    const int bits = static_cast<int>(std::ceil(std::log2(keys * 2)));
    shift_ = 32 - bits;
    mask_ = (1u << bits) - 1;
    cells_.resize(size_t{1} << bits);
    totals_.resize(keys);
  }

  void add(const Batch& batch, int from, int to) {
    for (int i = from; i < to; i++) slots_[i] = slot_of(batch.keys[i]);
    for (int i = from; i < to; i++) {
      Total& total = totals_[slots_[i]];
      total.count += 1;
      total.sum += batch.values[i];
    }
  }

  int size() const { return size_; }

  double checksum(int64_t window) const {
    double checksum = 0;
    for (const Cell& cell : cells_) {
      if (cell.slot == 0) continue;
      const Total& total = totals_[cell.slot - 1];
      const int64_t weight = 1 + (int64_t{cell.key} * 31 + window) % 997;
      checksum += static_cast<double>(weight) * (total.count + total.sum);
    }
    return checksum;
  }

 private:
  struct Cell {
    int32_t key = 0;
    int32_t slot = 0;
  };
  struct Total {
    double count = 0;
    double sum = 0;
  };

  int32_t slot_of(int32_t key) {
    uint32_t at = (static_cast<uint32_t>(key) * 0x9e3779b1u) >> shift_;
    while (cells_[at].slot != 0 && cells_[at].key != key) at = (at + 1) & mask_;
    if (cells_[at].slot == 0) cells_[at] = {key, ++size_};
    return cells_[at].slot - 1;
  }

  int shift_;
  uint32_t mask_;
  std::vector<Cell> cells_;
  std::vector<Total> totals_;
  int32_t slots_[BATCH];
  int size_ = 0;
};

/** Tables of the open windows. A window is over when the records of all threads have passed it. */
class Windows {
 public:
  Windows(int64_t keys, int threads) : keys_(keys), reached_(threads, 0) {}

  void add(const Batch& batch, int maker) {
    int from = 0;
    while (from < batch.count) {
      const int64_t window = static_cast<int64_t>(batch.times[from]) / WINDOW_MS;
      const double end = static_cast<double>((window + 1) * WINDOW_MS);
      int to = from + 1;
      while (to < batch.count && batch.times[to] < end && batch.times[to] >= end - WINDOW_MS) to++;
      open_.try_emplace(window, keys_).first->second.add(batch, from, to);
      from = to;
    }
    if (batch.count > 0) {
      advance(maker, static_cast<int64_t>(batch.times[batch.count - 1]) / WINDOW_MS);
    }
  }

  void finish() { emit_before(INT64_MAX); }

  int64_t results = 0;
  double checksum = 0;

 private:
  void advance(int maker, int64_t window) {
    if (reached_[maker] == window) return;
    reached_[maker] = window;
    emit_before(*std::min_element(reached_.begin(), reached_.end()));
  }

  void emit_before(int64_t window) {
    while (!open_.empty() && open_.begin()->first < window) {
      const auto first = open_.begin();
      results += first->second.size();
      checksum += first->second.checksum(first->first);
      open_.erase(first);
    }
  }

  int64_t keys_;
  std::vector<int64_t> reached_;
  std::map<int64_t, Table> open_;
};

void make(Batch& batch, int64_t from, int count, uint32_t keys) {
  for (int i = 0; i < count; i++) {
    const int64_t n = from + i;
    batch.keys[i] = static_cast<int32_t>((static_cast<uint32_t>(n) * 0x9e3779b1u) % keys);
    batch.values[i] = static_cast<double>(n & 1023);
    batch.times[i] = static_cast<double>(n / RECORDS_PER_MS);
  }
  batch.count = count;
}

int owner_of(int32_t key) {
  const uint32_t bits = static_cast<uint32_t>(key);
  const uint32_t mixed = (bits ^ (bits >> 16)) * 0x85ebca6bu;
  return ((mixed ^ (mixed >> 13)) >> 7) & 1;
}

/** Deals records to the threads that own their keys, without a branch: both get each, one advances. */
void deal(const Batch& made, Batch& first, Batch& second) {
  int f = 0;
  int s = 0;
  for (int i = 0; i < made.count; i++) {
    const int owner = owner_of(made.keys[i]);
    first.keys[f] = second.keys[s] = made.keys[i];
    first.values[f] = second.values[s] = made.values[i];
    first.times[f] = second.times[s] = made.times[i];
    f += 1 - owner;
    s += owner;
  }
  first.count = f;
  second.count = s;
}

void drain(Ring& ring, Windows& windows, int maker) {
  for (Batch* batch = ring.peek(); batch != nullptr; batch = ring.peek()) {
    windows.add(*batch, maker);
    ring.release();
  }
}

struct Job {
  int threads;
  int64_t records;
  int64_t keys;
};

/** All the work of one thread; `out` and `in` are the rings to and from the other. */
void work(const Job& job, int thread, Ring& out, Ring& in, Windows& windows) {
  const int other = 1 - thread;
  const auto made = std::make_unique<Batch>();
  const auto own = std::make_unique<Batch>();
  for (int64_t from = int64_t{thread} * BATCH; from < job.records; from += job.threads * BATCH) {
    const int count = static_cast<int>(std::min<int64_t>(job.records - from, BATCH));
    make(*made, from, count, static_cast<uint32_t>(job.keys));
    if (job.threads == 1) {
      windows.add(*made, thread);
      continue;
    }
    Batch* sent = out.reserve();
    while (sent == nullptr) {
      drain(in, windows, other);
      sent = out.reserve();
    }
    deal(*made, thread == 0 ? *own : *sent, thread == 0 ? *sent : *own);
    out.publish();
    windows.add(*own, thread);
    drain(in, windows, other);
  }
  out.close();
  while (job.threads == 2 && !in.is_drained()) drain(in, windows, other);
  windows.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: keyed-tumbling <threads: 1 | 2> <records> <keys>\n");
    return 1;
  }
  const Job job{std::atoi(argv[1]), std::atoll(argv[2]), std::atoll(argv[3])};
  Ring rings[2];
  std::vector<Windows> windows(job.threads, Windows(job.keys, job.threads));
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < job.threads; thread++) {
    threads.emplace_back([&, thread] {
      ready.fetch_add(1);
      while (!go.load()) std::this_thread::yield();
      work(job, thread, rings[thread], rings[1 - thread], windows[thread]);
    });
  }
  while (ready.load() < job.threads) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  go.store(true);
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  int64_t results = 0;
  double checksum = 0;
  for (const Windows& share : windows) {
    results += share.results;
    checksum += share.checksum;
  }
  std::printf("{\"ms\":%.3f,\"records\":%lld,\"results\":%lld,\"checksum\":%.0f}\n", elapsed.count(),
              static_cast<long long>(job.records), static_cast<long long>(results), checksum);
  return 0;
}
