// How fast this machine reads memory.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/limits/read_bandwidth.cpp"
// clang-format off
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"
// clang-format on
#include "engine/limits/read_bandwidth.h"

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using WordTag = hn::ScalableTag<std::uint64_t>;

constexpr std::int64_t prefetch_bytes = 2048;  // ahead of what is read

/// The exclusive or of all words of `streams` equal parts of `bytes` bytes each, read side by side. Eight
/// accumulators whatever the streams: two loads a cycle are not held up by the chain of one.
template <int streams, bool prefetch>
std::uint64_t read_streams(const std::byte* data, std::int64_t bytes) {
  const WordTag d;
  constexpr int vectors = 8 / streams;
  const auto vector_bytes = static_cast<std::int64_t>(hn::Lanes(d) * sizeof(std::uint64_t));
  const std::int64_t step = vectors * vector_bytes;
  hn::Vec<WordTag> sums[streams][vectors];
  for (auto& stream : sums)
    for (auto& sum : stream) sum = hn::Zero(d);
  for (std::int64_t at = 0; at + step <= bytes; at += step) {
    for (int stream = 0; stream < streams; ++stream) {
      const std::byte* from = data + stream * bytes + at;
      if constexpr (prefetch) {
        for (std::int64_t line = 0; line < step; line += 64) hwy::Prefetch(from + prefetch_bytes + line);
      }
      for (int i = 0; i < vectors; ++i) {
        const auto* words = reinterpret_cast<const std::uint64_t*>(from + i * vector_bytes);
        sums[stream][i] = hn::Xor(sums[stream][i], hn::Load(d, words));
      }
    }
  }
  auto all = hn::Zero(d);
  for (auto& stream : sums)
    for (auto& sum : stream) all = hn::Xor(all, sum);
  return hn::GetLane(all);
}

std::uint64_t read_memory(const std::byte* data, std::int64_t bytes, int streams, bool prefetch) {
  if (streams == 1)
    return prefetch ? read_streams<1, true>(data, bytes) : read_streams<1, false>(data, bytes);
  if (streams == 2)
    return prefetch ? read_streams<2, true>(data, bytes / 2) : read_streams<2, false>(data, bytes / 2);
  return prefetch ? read_streams<4, true>(data, bytes / 4) : read_streams<4, false>(data, bytes / 4);
}

}  // namespace
}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "engine/ops/isa.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

HWY_EXPORT(read_memory);

struct Pattern {
  int streams;
  bool prefetch;
};
constexpr std::array patterns{Pattern{1, false}, Pattern{2, false}, Pattern{4, false},
                              Pattern{1, true},  Pattern{2, true},  Pattern{4, true}};

// Shares of threads and of streams begin on lines of their own.
constexpr std::int64_t share_multiple = 4096;
constexpr std::int64_t huge_page_bytes = std::int64_t{2} << 20U;
// One pass lasts at least this long: the start of a parallel region (about 1 us) does not count.
constexpr double least_pass_seconds = 1e-3;

/// Pages of one size. Every page is written first by the thread that will read it.
class Pages {
 public:
  Pages(std::int64_t bytes, bool huge) : bytes_(bytes + 2 * huge_page_bytes) {
    void* mapped = ::mmap(nullptr, static_cast<std::size_t>(bytes_), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) fail("there is no memory to measure reads of {} bytes", bytes);
    mapped_ = static_cast<std::byte*>(mapped);
    ::madvise(mapped_, static_cast<std::size_t>(bytes_), huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    const auto address = reinterpret_cast<std::uintptr_t>(mapped_);
    data_ = mapped_ + (huge_page_bytes - static_cast<std::int64_t>(address % huge_page_bytes));
  }
  ~Pages() { ::munmap(mapped_, static_cast<std::size_t>(bytes_)); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  [[nodiscard]] std::byte* data() const { return data_; }

 private:
  std::int64_t bytes_;
  std::byte* mapped_ = nullptr;
  std::byte* data_ = nullptr;
};

class Reader {
 public:
  Reader(std::int64_t working_set_bytes, std::int64_t threads, bool huge)
      : share_bytes_(std::max<std::int64_t>(1, working_set_bytes / threads / share_multiple) *
                     share_multiple),
        threads_(threads),
        pages_(share_bytes_ * threads, huge) {
    on_team(threads_, [&](const TeamThread& thread) {
      std::memset(share(thread), 0x5a, static_cast<std::size_t>(share_bytes_));
    });
  }

  /// Bytes a second of `times` reads of everything.
  double pass(const Pattern& pattern, std::int64_t times) {
    const std::int64_t start_ns = monotonic_now_ns();
    on_team(threads_, [&](const TeamThread& thread) {
      std::uint64_t found = 0;
      for (std::int64_t i = 0; i < times; ++i) {
        found ^=
            HWY_DYNAMIC_DISPATCH(read_memory)(share(thread), share_bytes_, pattern.streams, pattern.prefetch);
      }
      seen_.fetch_xor(found, std::memory_order_relaxed);
    });
    const std::int64_t spent_ns = std::max<std::int64_t>(1, monotonic_now_ns() - start_ns);
    return static_cast<double>(times * share_bytes_ * threads_) / (static_cast<double>(spent_ns) * 1e-9);
  }

  /// So many reads last `least_pass_seconds`.
  std::int64_t times_a_pass(const Pattern& pattern) {
    double rate = 0;  // the first pass also starts the threads
    for (int i = 0; i < 3; ++i) rate = std::max(rate, pass(pattern, 1));
    return 1 + static_cast<std::int64_t>(least_pass_seconds * rate /
                                         static_cast<double>(share_bytes_ * threads_));
  }

 private:
  [[nodiscard]] std::byte* share(const TeamThread& thread) const {
    return pages_.data() + thread.index * share_bytes_;
  }

  std::int64_t share_bytes_;
  std::int64_t threads_;
  Pages pages_;
  std::atomic<std::uint64_t> seen_ = 0;  // so that no read can be left out
};

void measure_on(bool huge, std::int64_t working_set_bytes, std::int64_t threads, double seconds,
                MeasuredBandwidth& best) {
  Reader reader(working_set_bytes, threads, huge);
  const std::int64_t times = reader.times_a_pass(patterns[0]);
  const std::int64_t end_ns = monotonic_now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  do {
    for (const Pattern& pattern : patterns) {
      const double rate = reader.pass(pattern, times);
      if (rate <= best.bytes_per_second) continue;
      best = {rate, fmt::format("{} stream{}{}{}", pattern.streams, pattern.streams == 1 ? "" : "s",
                                pattern.prefetch ? ", prefetch" : "", huge ? ", huge pages" : "")};
    }
  } while (monotonic_now_ns() < end_ns);
}

}  // namespace

MeasuredBandwidth measure_read_bandwidth(std::int64_t working_set_bytes, std::int64_t threads,
                                         double seconds) {
  apply_isa_cap();
  set_thread_count(threads);
  MeasuredBandwidth best;
  for (const bool huge : {true, false}) {
    measure_on(huge, working_set_bytes, threads, seconds / 2, best);
  }
  return best;
}

}  // namespace bv2::engine
#endif
