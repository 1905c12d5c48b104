// What a run asks of its monitors, and what they answer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "framework/monitors/monitor_table.h"
#include "framework/monitors/samples.h"

namespace bv2 {

/// Starts to sample.
struct OpenMonitorsRequest {
  static constexpr std::string_view name = "open_monitors";
  struct Reply {
    std::vector<MonitorReport> monitors;   ///< of those that are sampled, in the order of the table
    std::vector<MonitoredDevice> devices;  ///< that they watch
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("monitors", self.monitors);
      visit("devices", self.devices);
    }
  };
  MonitorNames monitors{};  ///< of the whole table
  std::string system_root = "/";
  std::optional<std::map<std::string, std::string>> device_libraries{};  ///< as in MonitoredSystem
  std::optional<std::int64_t> cpu{};                                     ///< the processor to stay on
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("monitors", self.monitors);
    visit("system_root", self.system_root);
    visit("device_libraries", self.device_libraries);
    visit("cpu", self.cpu);
  }
};

/// The samples of an interval that lies in the past, with one more on either side.
struct TakeSamplesRequest {
  static constexpr std::string_view name = "take_samples";
  struct Reply {
    std::vector<MonitorSamples> samples;
    std::vector<MonitorReport> monitors;  ///< with what a sample takes
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("samples", self.samples);
      visit("monitors", self.monitors);
    }
  };
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("from_ns", self.from_ns);
    visit("to_ns", self.to_ns);
  }
};

}  // namespace bv2
