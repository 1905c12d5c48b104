// The machines and systems that results come from.
#include "framework/report/environments.h"

#include <algorithm>

namespace bv2 {
namespace {

/// What changes while a machine stays what it is.
HardwareInfo without_passing_fields(HardwareInfo hardware) {
  hardware.load_average.reset();
  hardware.measured_peaks = nullptr;
  return hardware;
}

bool of_another_machine(const std::vector<FieldDifference>& differences) {
  return std::ranges::any_of(differences,
                             [](const FieldDifference& d) { return d.difference == Difference::machine; });
}

}  // namespace

std::size_t Environments::add(const HardwareInfo& hardware, const std::string& timestamp) {
  const std::size_t place = find_or_add(without_passing_fields(hardware));
  ReportEnvironment& environment = environments_[place];
  if (environment.documents++ == 0) environment.last_timestamp = timestamp;
  environment.first_timestamp = timestamp;
  return place;
}

std::size_t Environments::find_or_add(const HardwareInfo& hardware) {
  const Json json = to_json(hardware);
  const auto [entry, is_new] = known_.emplace(json.dump(-1, ' ', false, Json::error_handler_t::replace), 0);
  if (!is_new) return entry->second;
  ScenarioResult stub;
  stub.metadata.hardware_info = hardware;
  ReportEnvironment environment;
  environment.hardware_info = json;
  environment.machine = environments_.size();
  for (std::size_t i = stubs_.size(); i-- > 0;) {
    const auto differences = field_differences(stubs_[i], stub);
    // The last few megabytes of memory are no difference.
    if (differences.empty()) return entry->second = i;
    if (!of_another_machine(differences)) environment.machine = environments_[i].machine;
  }
  if (!stubs_.empty()) environment.differences = field_differences(stubs_.front(), stub);
  entry->second = environments_.size();
  environments_.push_back(std::move(environment));
  stubs_.push_back(std::move(stub));
  return entry->second;
}

}  // namespace bv2
