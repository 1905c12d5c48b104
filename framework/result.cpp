// The documents that a run leaves.
#include "framework/result.h"

#include <algorithm>
#include <array>

namespace bv2 {

std::span<const std::string_view> enum_names(ScenarioStatus /*status*/) {
  static constexpr std::array<std::string_view, 5> names{"success", "failed", "skipped", "timed_out",
                                                         "crashed"};
  return names;
}

std::span<const std::string_view> enum_names(PromptSource /*source*/) {
  static constexpr std::array<std::string_view, 3> names{"text", "ids", "seeded"};
  return names;
}

std::span<const std::string_view> enum_names(VerificationStatus /*status*/) {
  static constexpr std::array<std::string_view, 3> names{"not_run", "passed", "failed"};
  return names;
}

const Summary* ScenarioResult::measurement(std::string_view name) const {
  const auto found = std::ranges::find(measurements, name, &std::pair<std::string, Summary>::first);
  return found == measurements.end() ? nullptr : &found->second;
}

BenchmarkDocument read_benchmark_document(const std::filesystem::path& path) {
  BenchmarkDocument document;
  from_json_value(read_json(path), document, path.string());
  return document;
}

}  // namespace bv2
