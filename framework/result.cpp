// The documents that a run leaves.
#include "framework/result.h"

#include <algorithm>
#include <array>

namespace bv2 {
namespace {

constexpr std::array<std::string_view, 5> scenario_statuses{"success", "failed", "skipped", "timed_out",
                                                            "crashed"};
constexpr std::array<std::string_view, 3> prompt_sources{"text", "ids", "seeded"};
constexpr std::array<std::string_view, 3> verification_statuses{"not_run", "passed", "failed"};

}  // namespace

std::span<const std::string_view> enum_names(ScenarioStatus) { return scenario_statuses; }
std::span<const std::string_view> enum_names(PromptSource) { return prompt_sources; }
std::span<const std::string_view> enum_names(VerificationStatus) { return verification_statuses; }

const Summary* ScenarioResult::measurement(std::string_view name) const {
  const auto found = std::ranges::find(measurements, name, [](const auto& entry) { return entry.first; });
  return found == measurements.end() ? nullptr : &found->second;
}

BenchmarkDocument read_benchmark_document(const std::filesystem::path& path) {
  BenchmarkDocument document;
  from_json_value(read_json(path), document, "'" + path.string() + "'");
  return document;
}

}  // namespace bv2
