// The energy of processor packages and of memory: Intel's and AMD's running average power limit counters
// (RAPL), through the kernel's powercap folder.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "framework/monitors/counter_names.h"
#include "framework/monitors/counter_source.h"
#include "framework/monitors/system_file.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// Zones whose energy is added up. "core" and "uncore" are parts of their package, "psys" contains it.
struct Domain {
  std::string_view zone_prefix;
  std::string_view counter;
};
constexpr std::array domains{Domain{"package-", package_energy_counter},
                             Domain{"dram", memory_energy_counter}};

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// A counter that begins again after its range.
class Zone {
 public:
  explicit Zone(const fs::path& folder)
      : file_(folder / "energy_uj", 64), range_uj_(integer_of(first_line(folder / "max_energy_range_uj"))) {
    last_uj_ = now_uj();
  }
  [[nodiscard]] bool readable() const { return last_uj_.has_value(); }

  /// What was used since the zone was opened; keeps its value while it cannot be read.
  std::int64_t total_uj() {
    const auto now = now_uj();
    if (!now) return total_uj_;
    const std::int64_t difference_uj = *now - *last_uj_;
    // A counter that went back without saying where it begins again was reset.
    total_uj_ += difference_uj >= 0 ? difference_uj : range_uj_ ? difference_uj + *range_uj_ : *now;
    last_uj_ = now;
    return total_uj_;
  }

 private:
  static std::optional<std::int64_t> integer_of(std::string_view text) { return take_integer(text); }
  std::optional<std::int64_t> now_uj() { return integer_of(file_.read_once()); }

  SystemFile file_;
  std::optional<std::int64_t> range_uj_;
  std::optional<std::int64_t> last_uj_;
  std::int64_t total_uj_ = 0;
};

class Energy final : public CounterSource {
 public:
  explicit Energy(const fs::path& powercap) : reason_(fmt::format("there is no {}", powercap.string())) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(powercap, error)) {
      // intel-rapl-mmio shows the same packages by another way.
      if (!entry.path().filename().string().starts_with("intel-rapl:")) continue;
      add(entry.path());
    }
    if (error) return;
    if (std::ranges::all_of(zones_, [](const auto& zones) { return zones.empty(); })) {
      reason_ = unreadable_.empty()
                    ? fmt::format("{} has no package: this processor, or its virtual machine, has no RAPL",
                                  powercap.string())
                    : fmt::format("{} cannot be read: the kernel lets only root (chmod a+r allows others)",
                                  unreadable_.string());
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    std::vector<Counter> counters;
    for (std::size_t i = 0; i < domains.size(); ++i) {
      if (!zones_[i].empty()) counters.push_back({domains[i].counter});
    }
    return counters;
  }
  [[nodiscard]] std::string unavailable_reason() const override { return reason_; }

  void read(std::span<std::int64_t> values) override {
    std::size_t next = 0;
    for (std::vector<Zone>& zones : zones_) {
      if (zones.empty()) continue;
      std::int64_t sum_uj = 0;
      for (Zone& zone : zones) sum_uj += zone.total_uj();
      values[next++] = sum_uj;
    }
  }

 private:
  void add(const fs::path& folder) {
    const std::string name = first_line(folder / "name");
    for (std::size_t i = 0; i < domains.size(); ++i) {
      if (!name.starts_with(domains[i].zone_prefix)) continue;
      Zone zone(folder);
      if (zone.readable()) {
        zones_[i].push_back(std::move(zone));
      } else {
        unreadable_ = folder / "energy_uj";
      }
    }
  }

  std::string reason_;
  fs::path unreadable_;
  std::array<std::vector<Zone>, domains.size()> zones_;
};

}  // namespace

std::unique_ptr<CounterSource> energy_source(const MonitoredSystem& system) {
  return std::make_unique<Energy>(system.root / "sys/class/powercap");
}

}  // namespace bv2
