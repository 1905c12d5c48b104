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
#include <ctime>
#include <functional>
#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "engine/limits/pass_size.h"
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
// A pass works at least this long: the start of a parallel region (about 1 us) does not count.
constexpr double least_pass_seconds = 1e-3;
// On a machine that is never quiet the best that was seen has to do after so many times the time asked for.
constexpr double most_patience = 3;

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

  /// `times` reads of everything.
  PassTime pass(const Pattern& pattern, std::int64_t times) {
    std::atomic<std::int64_t> cpu_ns = std::numeric_limits<std::int64_t>::max();  // of the thread with the least
    const std::int64_t start_ns = monotonic_now_ns();
    on_team(threads_, [&](const TeamThread& thread) {
      const std::int64_t start_cpu_ns = thread_cpu_ns();
      std::uint64_t found = 0;
      for (std::int64_t i = 0; i < times; ++i) {
        found ^=
            HWY_DYNAMIC_DISPATCH(read_memory)(share(thread), share_bytes_, pattern.streams, pattern.prefetch);
      }
      seen_.fetch_xor(found, std::memory_order_relaxed);
      const std::int64_t spent_cpu_ns = thread_cpu_ns() - start_cpu_ns;
      std::int64_t least_ns = cpu_ns.load(std::memory_order_relaxed);
      while (spent_cpu_ns < least_ns &&
             !cpu_ns.compare_exchange_weak(least_ns, spent_cpu_ns, std::memory_order_relaxed)) {
      }
    });
    const std::int64_t spent_ns = std::max<std::int64_t>(1, monotonic_now_ns() - start_ns);
    return {.wall_seconds = static_cast<double>(spent_ns) * 1e-9, .cpu_seconds = static_cast<double>(cpu_ns.load()) * 1e-9};
  }

  /// What so many reads are.
  [[nodiscard]] double bytes(std::int64_t times) const {
    return static_cast<double>(times * share_bytes_ * threads_);
  }

 private:
  static std::int64_t thread_cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
  }
  [[nodiscard]] std::byte* share(const TeamThread& thread) const {
    return pages_.data() + thread.index * share_bytes_;
  }

  std::int64_t share_bytes_;
  std::int64_t threads_;
  Pages pages_;
  std::atomic<std::uint64_t> seen_ = 0;  // so that no read can be left out
};

std::string description_of(const Pattern& pattern, bool huge) {
  return fmt::format("{} stream{}{}{}", pattern.streams, pattern.streams == 1 ? "" : "s",
                     pattern.prefetch ? ", prefetch" : "", huge ? ", huge pages" : "");
}

/// In turns over the patterns, for that time and until each had a pass that nothing disturbed.
void measure_on(bool huge, std::int64_t working_set_bytes, std::int64_t threads, double seconds,
                MeasuredBandwidth& best) {
  Reader reader(working_set_bytes, threads, huge);
  PassSize size(least_pass_seconds);
  std::array<bool, patterns.size()> undisturbed{};
  bool any_counted = false;
  const std::int64_t start_ns = monotonic_now_ns();
  const auto spent = [&] { return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9; };
  const auto enough = [&] {
    if (spent() < seconds || !any_counted) return false;
    return std::ranges::all_of(undisturbed, std::identity()) || spent() >= most_patience * seconds;
  };
  while (!enough()) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const std::int64_t times = size.times();
      const PassTime pass = reader.pass(patterns[i], times);
      if (!size.counts(pass)) continue;
      any_counted = true;
      undisturbed[i] = undisturbed[i] || PassSize::undisturbed(pass);
      const double rate = reader.bytes(times) / pass.wall_seconds;
      if (rate > best.bytes_per_second) best = {rate, description_of(patterns[i], huge)};
    }
  }
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
