// The processor's own counters, of all threads of the process in user mode: perf_event_open(2).
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "framework/monitors/counter_names.h"
#include "framework/monitors/counter_source.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t cache_event(std::uint64_t cache, std::uint64_t operation, std::uint64_t result) {
  return cache | (operation << 8U) | (result << 16U);
}

struct Event {
  std::uint32_t type;
  std::uint64_t config;
};
/// In the order of hardware_event_counters. Six: what AMD's processors and, with the fixed ones, Intel's
/// count at once.
constexpr std::array<Event, hardware_event_counters.size()> events{{
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
    {PERF_TYPE_HW_CACHE,
     cache_event(PERF_COUNT_HW_CACHE_DTLB, PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_MISS)},
    {PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
}};

int kernel_open(const perf_event_attr& attributes, int thread) {
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

std::string why_not(int error, const fs::path& root) {
  if (error == EACCES || error == EPERM) {
    std::ifstream file(root / "proc/sys/kernel/perf_event_paranoid");
    std::string level = "unknown";
    file >> level;
    return fmt::format(
        "the kernel does not allow it (perf_event_paranoid is {}; with 2 or less a process may count itself)",
        level);
  }
  if (error == ENOSYS) return "this kernel has no perf_event_open";
  if (error == EMFILE || error == ENFILE) return "there are no file descriptors left";
  if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV) {
    return "the processor has no such counters here; virtual machines mostly hide them";
  }
  return fmt::format("perf_event_open: {}", std::strerror(error));
}

/// What a descriptor reads as (PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING).
struct Count {
  std::uint64_t value = 0;
  std::uint64_t enabled_ns = 0;
  std::uint64_t running_ns = 0;
};

/// One event of one thread and of those that it starts.
class ThreadEvent {
 public:
  explicit ThreadEvent(int descriptor) : descriptor_(descriptor) {}
  ~ThreadEvent() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  ThreadEvent(ThreadEvent&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), last_(other.last_), total_(other.total_) {}
  ThreadEvent& operator=(ThreadEvent&&) = delete;
  ThreadEvent(const ThreadEvent&) = delete;
  ThreadEvent& operator=(const ThreadEvent&) = delete;

  /// Adds what happened since the last reading. While the processor had more to count than counters, the
  /// kernel let events take turns: what was seen is scaled by the time that it was looked at. False where
  /// nothing can be said: threads ran, but this event had no turn.
  bool read(Count& since) {
    Count now;
    if (::read(descriptor_, &now, sizeof now) != static_cast<ssize_t>(sizeof now)) return false;
    const Count step{now.value - last_.value, now.enabled_ns - last_.enabled_ns,
                     now.running_ns - last_.running_ns};
    last_ = now;
    since.enabled_ns += step.enabled_ns;
    since.running_ns += step.running_ns;
    if (step.running_ns == 0) return step.enabled_ns == 0;
    const double scale = static_cast<double>(step.enabled_ns) / static_cast<double>(step.running_ns);
    total_ += scale * static_cast<double>(step.value);
    return true;
  }
  [[nodiscard]] double total() const { return total_; }

 private:
  int descriptor_;
  Count last_;
  double total_ = 0;
};

class HardwareCounters final : public CounterSource {
 public:
  explicit HardwareCounters(const MonitoredSystem& system)
      : open_(system.open_perf_event ? system.open_perf_event : kernel_open) {
    const std::vector<int> threads = threads_of(system.root / "proc/self/task");
    for (std::size_t i = 0; i < events.size(); ++i) {
      std::vector<ThreadEvent> opened;
      for (const int thread : threads) {
        const int descriptor = open(events[i], thread);
        if (descriptor < 0 && errno == ESRCH) continue;  // it has ended
        if (descriptor < 0) {
          if (names_.empty()) reason_ = why_not(errno, system.root);
          opened.clear();
          break;
        }
        opened.emplace_back(descriptor);
      }
      if (opened.empty()) continue;
      names_.push_back(hardware_event_counters[i]);
      threads_.push_back(std::move(opened));
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    if (names_.empty()) return {};
    std::vector<Counter> counters;
    for (const std::string_view name : names_) counters.push_back({name});
    counters.push_back({counters_running_counter, CounterKind::level});
    return counters;
  }
  [[nodiscard]] std::string unavailable_reason() const override { return reason_; }

  void read(std::span<std::int64_t> values) override {
    std::int64_t least_percent = 100;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      Count since;
      double total = 0;
      bool counted = true;
      for (ThreadEvent& event : threads_[i]) {
        counted = event.read(since) && counted;
        total += event.total();
      }
      values[i] = counted ? static_cast<std::int64_t>(total) : not_read;
      if (since.enabled_ns == 0) continue;
      least_percent =
          std::min(least_percent, static_cast<std::int64_t>(100 * since.running_ns / since.enabled_ns));
    }
    values[names_.size()] = least_percent;
  }

 private:
  static std::vector<int> threads_of(const fs::path& tasks) {
    std::vector<int> threads;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(tasks, error)) {
      const std::string name = entry.path().filename().string();
      int thread = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc()) {
        threads.push_back(thread);
      }
    }
    return threads;
  }

  [[nodiscard]] int open(const Event& event, int thread) const {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = event.type;
    attributes.config = event.config;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    attributes.inherit = 1;  // threads that start later
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    return open_(attributes, thread);
  }

  std::function<int(const perf_event_attr&, int)> open_;
  std::vector<std::string_view> names_;
  std::vector<std::vector<ThreadEvent>> threads_;  // of each event
  std::string reason_ = "there are no threads to count";
};

}  // namespace

std::unique_ptr<CounterSource> hardware_counters_source(const MonitoredSystem& system) {
  return std::make_unique<HardwareCounters>(system);
}

}  // namespace bv2
