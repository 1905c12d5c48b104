// Samples of a monitor, on the clock of the token stamps (base/clock.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace bv2 {

/// One counter over time. Its name says its unit; totals only grow, levels are what they are.
struct SampleSeries {
  std::string name;
  Omittable<std::string> device{};  ///< of several: which one
  std::vector<std::optional<std::int64_t>>
      values{};                      ///< at time_ns of its samples; null: it could not be read
  Omittable<std::string> problem{};  ///< why, the last time
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("device", self.device);
    visit("values", self.values);
    visit("problem", self.problem);
  }
};

/// All counters of one monitor, which are read together.
struct MonitorSamples {
  std::string monitor;
  std::vector<std::int64_t> time_ns;  ///< in the middle of each reading
  std::vector<SampleSeries> series;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("monitor", self.monitor);
    visit("time_ns", self.time_ns);
    visit("series", self.series);
  }
};

}  // namespace bv2
