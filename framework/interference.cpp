// The rule by which an iteration is tainted.
#include "framework/interference.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "framework/hardware_info.h"

namespace bv2 {
namespace {

constexpr std::string_view taint_prefix = "tainted_";
constexpr double time_slice_ns = 3e6;               // of Linux's default scheduler: 0.7 to 2.8 ms
constexpr double refill_bytes_a_second = 10e9;      // one thread reading from memory, on a slow server
constexpr double tolerated_share_of_others = 0.10;  // of one processor
constexpr std::size_t least_clean = 3;

class Values {
 public:
  explicit Values(const CounterValues& values) : values_(values) {}

  [[nodiscard]] std::optional<double> find(std::string_view name) const {
    const auto value = counter_value(values_, name);
    if (!value) return std::nullopt;
    return static_cast<double>(*value);
  }
  /// 0 for a counter that the system does not have.
  [[nodiscard]] double of(std::string_view name) const { return find(name).value_or(0); }

 private:
  const CounterValues& values_;
};

double lost_to_contention_ns(const Values& values) {
  const auto delay_ns = values.find("run_delay_ns");
  return delay_ns ? *delay_ns : values.of("involuntary_context_switches") * time_slice_ns;
}

double lost_to_migrations_ns(const Values& values, const InterferenceScale& scale) {
  return values.of("migrations") * static_cast<double>(scale.private_cache_bytes) / refill_bytes_a_second *
         1e9;
}

bool others_were_busy(const Values& values, const InterferenceScale& scale, double wall_ns) {
  const double others_ns = values.of("system_busy_ns") - values.of("cpu_time_ns");
  // Each processor's ticks are off by up to one at either edge.
  const double resolution_ns = 2.0 * static_cast<double>(scale.cpus * scale.tick_ns);
  return others_ns > resolution_ns + tolerated_share_of_others * wall_ns;
}

}  // namespace

InterferenceScale interference_scale(const std::filesystem::path& system_root) {
  const HardwareInfo hardware = read_hardware_info({}, system_root);
  InterferenceScale scale;
  scale.cpus = hardware.allowed_cpu_count.value_or(scale.cpus);
  scale.tick_ns = 1'000'000'000 / ::sysconf(_SC_CLK_TCK);
  const auto l2 = hardware.caches.find("L2");
  if (l2 != hardware.caches.end()) scale.private_cache_bytes = l2->second.size_bytes;
  return scale;
}

std::vector<std::string> taints(const CounterValues& counters, const InterferenceScale& scale) {
  const Values values(counters);
  const double wall_ns = values.of("wall_time_ns");
  const double tolerated_ns = tolerated_share * wall_ns;
  struct Rule {
    std::string_view flag;
    bool tainted;
  };
  const std::array rules{
      Rule{"steal", values.of("steal_ns") > tolerated_ns},
      Rule{"cpu_contention", lost_to_contention_ns(values) > tolerated_ns},
      Rule{"throttled", values.of("throttled_ns") > tolerated_ns},
      Rule{"thermal", values.of("thermal_throttle_events") > 0},
      Rule{"memory_pressure", values.of("memory_pressure_ns") > tolerated_ns},
      Rule{"major_faults", values.of("major_page_faults") > 0},
      Rule{"migrations", lost_to_migrations_ns(values, scale) > tolerated_ns},
      Rule{"other_processes", others_were_busy(values, scale, wall_ns)},
  };
  std::vector<std::string> flags;
  for (const Rule& rule : rules) {
    if (rule.tainted) flags.push_back(std::string(taint_prefix) + std::string(rule.flag));
  }
  return flags;
}

bool is_tainted(std::span<const std::string> flags) {
  return std::ranges::any_of(flags, [](const std::string& flag) { return flag.starts_with(taint_prefix); });
}

Interference interference_of(std::span<const std::vector<std::string>> flags) {
  Interference interference;
  for (const std::vector<std::string>& own : flags) {
    if (is_tainted(own)) ++interference.tainted;
    for (const std::string& flag : own) {
      if (!flag.starts_with(taint_prefix)) continue;
      const auto cause =
          std::ranges::find(interference.causes, flag, [](const auto& entry) { return entry.first; });
      if (cause == interference.causes.end()) {
        interference.causes.emplace_back(flag, 1);
      } else {
        ++cause->second;
      }
    }
  }
  interference.left_out = std::ranges::count(counted_iterations(flags), false);
  return interference;
}

std::vector<bool> counted_iterations(std::span<const std::vector<std::string>> flags) {
  std::vector<bool> clean;
  for (const std::vector<std::string>& own : flags) clean.push_back(!is_tainted(own));
  const auto count = static_cast<std::size_t>(std::ranges::count(clean, true));
  if (count < least_clean || 2 * count < clean.size()) return std::vector<bool>(clean.size(), true);
  return clean;
}

}  // namespace bv2
