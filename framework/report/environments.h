// The machines and systems that results come from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "framework/report/report_data.h"

namespace bv2 {

/// Sorts documents by where they were measured.
class Environments {
 public:
  /// Counts a document of that environment, and gives the place of it. To be called from the newest document
  /// to the oldest.
  std::size_t add(const HardwareInfo& hardware, const std::string& timestamp);

  [[nodiscard]] std::size_t machine(std::size_t environment) const {
    return environments_[environment].machine;
  }
  [[nodiscard]] std::vector<ReportEnvironment> take() && { return std::move(environments_); }

 private:
  std::size_t find_or_add(const HardwareInfo& hardware);

  std::vector<ReportEnvironment> environments_;
  std::vector<ScenarioResult> stubs_;         // of each environment: a result with nothing but its hardware
  std::map<std::string, std::size_t> known_;  // texts of hardware_info that were seen
};

}  // namespace bv2
