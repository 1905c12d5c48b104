// How long control groups kept the process off the processors because their quota was used up (cpu.stat of
// the process's group and of those around it; version 2, or the cpu controller of version 1).
#include <optional>
#include <string>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// A group's place below the mount, and the mount.
struct Group {
  fs::path mount;
  fs::path below;
  std::string_view throttled_key;
  std::int64_t unit_ns = 1;
};

/// Whether the controllers "cpu,cpuacct" of a line of /proc/self/cgroup include the one for processors.
bool names_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::string_view name = controllers.substr(0, controllers.find(','));
    if (name == "cpu") return true;
    controllers.remove_prefix(std::min(controllers.size(), name.size() + 1));
  }
  return false;
}

/// Lines are ID:CONTROLLERS:/PATH; version 2 has no controllers there. Version 1 comes first where both are
/// mounted, because the controller is then its own.
std::optional<Group> group_of(std::string_view text, const fs::path& root) {
  std::optional<Group> unified;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(":/", first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const fs::path below = fs::path(line.substr(second + 2));
    if (controllers.empty()) unified = {root / "sys/fs/cgroup", below, "throttled_usec", 1000};
    if (!names_cpu(controllers)) continue;
    for (const std::string& mount : {std::string("cpu"), std::string(controllers)}) {
      const fs::path folder = root / "sys/fs/cgroup" / mount;
      if (fs::exists(folder)) return Group{folder, below, "throttled_time", 1};
    }
  }
  return unified;
}

class CgroupThrottling final : public CounterSource {
 public:
  explicit CgroupThrottling(const fs::path& root) {
    SystemFile list(root / "proc/self/cgroup");
    const auto group = group_of(list.read(), root);
    if (!group) return;
    key_ = group->throttled_key;
    unit_ns_ = group->unit_ns;
    // The quota of any group around this one holds it back too. In a container the path may be that of the
    // host, of which only the mount itself is to be seen.
    for (fs::path below = group->below;; below = below.parent_path()) {
      SystemFile stat(group->mount / below / "cpu.stat", 1024);
      if (integer_after(stat.read(), key_)) files_.push_back(std::move(stat));
      if (below.empty() || below == below.parent_path()) break;
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    if (files_.empty()) return {};
    return {{"throttled_periods"}, {"throttled_ns"}};
  }

  void read(std::span<std::int64_t> values) override {
    std::int64_t periods = 0;
    std::int64_t throttled = 0;
    for (SystemFile& file : files_) {
      const std::string_view text = file.read();
      periods += integer_after(text, "nr_throttled").value_or(0);
      throttled += integer_after(text, key_).value_or(0);
    }
    values[0] = periods;
    values[1] = throttled * unit_ns_;
  }

 private:
  std::string_view key_;
  std::int64_t unit_ns_ = 1;
  std::vector<SystemFile> files_;
};

}  // namespace

std::unique_ptr<CounterSource> cgroup_throttling_source(const MonitoredSystem& system) {
  return std::make_unique<CgroupThrottling>(system.root);
}

}  // namespace bv2
