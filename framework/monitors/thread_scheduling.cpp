// What the scheduler did to the threads of the process: how long they could have run and had to wait, and how
// often they were moved to another processor (/proc/self/task/*/schedstat and sched).
#include <dirent.h>

#include <charconv>
#include <map>
#include <string>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

struct SchedulerTotals {
  std::int64_t run_delay_ns = 0;
  std::int64_t migrations = 0;
};

class ThreadScheduling final : public CounterSource {
 public:
  explicit ThreadScheduling(std::filesystem::path tasks) : tasks_(std::move(tasks)) {
    follow_threads();
    for (auto& [id, thread] : threads_) {
      has_delay_ = has_delay_ || !thread.schedstat.read().empty();
      has_migrations_ = has_migrations_ || integer_after(thread.sched.read(), migrations_key).has_value();
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    std::vector<Counter> counters;
    if (has_delay_) counters.push_back({"run_delay_ns"});
    if (has_migrations_) counters.push_back({"migrations"});
    return counters;
  }

  void read(std::span<std::int64_t> values) override {
    follow_threads();
    SchedulerTotals sum = ended_;
    for (auto& [id, thread] : threads_) {
      update(thread);
      sum.run_delay_ns += thread.last.run_delay_ns;
      sum.migrations += thread.last.migrations;
    }
    std::size_t next = 0;
    if (has_delay_) values[next++] = sum.run_delay_ns;
    if (has_migrations_) values[next++] = sum.migrations;
  }

 private:
  static constexpr std::string_view migrations_key = "nr_migrations";

  struct Thread {
    SystemFile schedstat;
    SystemFile sched;
    SchedulerTotals last;
    std::uint64_t seen = 0;  // in which scan
  };

  /// Opens the files of new threads, and keeps what those that ended had, so that the sums only grow.
  void follow_threads() {
    ++scan_;
    DIR* folder = ::opendir(tasks_.c_str());
    if (folder == nullptr) return;
    while (const dirent* entry = ::readdir(folder)) {
      const std::string_view name = entry->d_name;
      int id = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), id).ec != std::errc()) continue;
      auto found = threads_.find(id);
      if (found == threads_.end()) {
        const std::filesystem::path task = tasks_ / name;
        found =
            threads_
                .emplace(id, Thread{SystemFile(task / "schedstat", 256), SystemFile(task / "sched"), {}, 0})
                .first;
      }
      found->second.seen = scan_;
    }
    ::closedir(folder);
    std::erase_if(threads_, [&](const auto& entry) {
      const Thread& thread = entry.second;
      if (thread.seen == scan_) return false;
      ended_.run_delay_ns += thread.last.run_delay_ns;
      ended_.migrations += thread.last.migrations;
      return true;
    });
  }

  void update(Thread& thread) const {
    if (has_delay_) {
      std::string_view text = thread.schedstat.read();  // time on a processor, time waiting for one, ...
      take_integer(text);
      thread.last.run_delay_ns = take_integer(text).value_or(thread.last.run_delay_ns);
    }
    if (has_migrations_) {
      thread.last.migrations =
          integer_after(thread.sched.read(), migrations_key).value_or(thread.last.migrations);
    }
  }

  std::filesystem::path tasks_;
  std::map<int, Thread> threads_;
  SchedulerTotals ended_;
  std::uint64_t scan_ = 0;
  bool has_delay_ = false;
  bool has_migrations_ = false;
};

}  // namespace

std::unique_ptr<CounterSource> thread_scheduling_source(const MonitoredSystem& system) {
  return std::make_unique<ThreadScheduling>(system.root / "proc/self/task");
}

}  // namespace bv2
