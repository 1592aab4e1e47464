/** What the loops of loops.cpp have in common: the corpus in place, tables, and where rows go. */
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

/** Rows of a segment, and the kind of an event that is a bid; see corpus-format.ts. */
constexpr int S = 4096;
constexpr int BID = 2;

constexpr int THREADS = 2;

inline const char *corpus;
inline uint32_t segments, events;

template <class T> const T *at(size_t byte) { return reinterpret_cast<const T *>(corpus + byte); }

struct Segment {
  size_t start;
  uint32_t rows;
  const double *time;
  const int32_t *kind, *id, *party, *price;

  explicit Segment(uint32_t index)
      : start(size_t(at<double>(size_t(*at<double>(64)))[index])),
        rows(*at<uint32_t>(start)),
        time(at<double>(start + 64)),
        kind(at<int32_t>(start + 64 + 16 * S)),
        id(at<int32_t>(start + 64 + 20 * S)),
        party(at<int32_t>(start + 64 + 24 * S)),
        price(at<int32_t>(start + 64 + 28 * S)) {}

  std::string extra(int row) const {
    const int32_t *offsets = at<int32_t>(start + 64 + 48 * S) + 5 * (S + 2);
    return {corpus + start + 64 + 72 * S + 48 + offsets[row], size_t(offsets[row + 1] - offsets[row])};
  }
};

struct Bid {
  int32_t auction, bidder, price;
  int64_t time;
  uint32_t event;
};

inline std::string extraOf(const Bid &bid) { return Segment(bid.event / S).extra(bid.event % S); }

inline uint32_t mix(uint32_t h) {
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  return h ^ (h >> 16);
}

/** Where rows go: they are counted, and their text is made only when it is checked. */
struct Out {
  bool checks;
  uint64_t rows = 0, sum = 0;
  uint32_t high = 0, low = 0;

  template <class Text> void row(uint64_t numbers, Text text) {
    rows++;
    sum += numbers;
    if (!checks) return;
    uint32_t lo = 0x811c9dc5u, hi = 0;
    for (unsigned char c : std::string(text())) {
      lo = (lo ^ c) * 0x01000193u;
      hi = hi * 31 + c;
    }
    lo = mix(lo);
    low += lo;
    high += mix(hi ^ lo);
  }
};

inline std::string joined(std::initializer_list<int64_t> numbers) {
  std::string text;
  for (int64_t number : numbers) {
    if (!text.empty()) text += '|';
    text += std::to_string(number);
  }
  return text;
}

inline std::string dayText(int64_t day) {
  time_t seconds = day * 86'400;
  char text[16];
  strftime(text, sizeof text, "%Y-%m-%d", gmtime(&seconds));
  return text;
}

/** A table of open addressing; keys are positive. */
template <class Value> class Table {
  struct Slot {
    int64_t key = -1;
    Value value{};
  };
  std::vector<Slot> slots = std::vector<Slot>(1024);
  size_t used = 0;

  Slot &find(int64_t key) {
    size_t mask = slots.size() - 1;
    size_t i = (uint64_t(key) * 0x9e3779b97f4a7c15ull >> 20) & mask;
    while (slots[i].key != key && slots[i].key != -1) i = (i + 1) & mask;
    return slots[i];
  }

public:
  /** The value of a key, made anew when it has none. */
  Value &operator[](int64_t key) {
    Slot *slot = &find(key);
    if (slot->key == key) return slot->value;
    if (++used * 2 > slots.size()) {
      std::vector<Slot> old(slots.size() * 2);
      old.swap(slots);
      for (Slot &moved : old) {
        if (moved.key != -1) find(moved.key) = moved;
      }
      slot = &find(key);
    }
    slot->key = key;
    return slot->value;
  }

  template <class Visit> void each(Visit visit) const {
    for (const Slot &slot : slots) {
      if (slot.key != -1) visit(slot.key, slot.value);
    }
  }
};

/** Visits the bids of every `step`-th segment. */
template <class Visit> void bidsFrom(uint32_t first, uint32_t step, Visit visit) {
  for (uint32_t s = first; s < segments; s += step) {
    Segment segment(s);
    for (uint32_t i = 0; i < segment.rows; i++) {
      if (segment.kind[i] != BID) continue;
      visit(Bid{segment.id[i], segment.party[i], segment.price[i], int64_t(segment.time[i]), s * S + i});
    }
  }
}

/** The bids whose key is of the thread. */
template <class Key, class Visit> void bidsOf(int thread, Key key, Visit visit) {
  bidsFrom(0, 1, [&](const Bid &bid) {
    if (int(mix(key(bid)) % THREADS) == thread) visit(bid);
  });
}

inline const auto byAuction = [](const Bid &bid) { return bid.auction; };
inline const auto byBidder = [](const Bid &bid) { return bid.bidder; };

/** What a thread does; what is left when all have done it is given to `finish`. */
struct Query {
  std::function<void(int thread, Out &out)> work;
  std::function<void(Out &out)> finish = [](Out &) {};
};

/** So that all of them are looked at. */
inline uint64_t numbersOf(const Bid &bid) { return bid.auction + bid.bidder + bid.price + bid.time + bid.event; }

/** Of all threads, user and system. */
inline double cpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline void load(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat about;
  if (file < 0 || fstat(file, &about) != 0) {
    perror(path);
    exit(1);
  }
  corpus = static_cast<const char *>(mmap(nullptr, about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0));
  events = *at<uint32_t>(16);
  segments = *at<uint32_t>(24);
}
