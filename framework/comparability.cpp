// Whether two results may be compared.
#include "framework/comparability.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace bv2 {
namespace {

constexpr std::array<std::string_view, 2> difference_names{"machine", "noted"};

constexpr std::array<std::string_view, 8> machine_fields{
    "gpu_name",          "gpu_memory_total", "cpu_name",    "cpu_count", "physical_core_count",
    "allowed_cpu_count", "cpu_quota",        "memory_total"};
constexpr std::array<std::string_view, 2> passing_fields{"load_average", "measured_peaks"};
constexpr double memory_tolerance = 0.01;

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool same_memory(const Json& a, const Json& b) {
  if (!a.is_number() || !b.is_number()) return a == b;
  const auto larger = std::max(a.get<double>(), b.get<double>());
  return std::abs(a.get<double>() - b.get<double>()) <= memory_tolerance * larger;
}

std::set<std::string> keys_of(const Json& a, const Json& b) {
  std::set<std::string> keys;
  for (const Json* object : {&a, &b}) {
    for (const auto& [key, value] : object->items()) keys.insert(key);
  }
  return keys;
}

class Comparison {
 public:
  /// Every field of two objects; nested ones by their own fields.
  void objects(const std::string& where, const Json& base, const Json& other) {
    for (const std::string& key : keys_of(base, other)) {
      if (among(passing_fields, key)) continue;
      const Json a = base.value(key, Json());
      const Json b = other.value(key, Json());
      if (a.is_object() && b.is_object()) {
        objects(where + "." + key, a, b);
      } else if (key == "memory_total" ? !same_memory(a, b) : a != b) {
        const bool machine = where == "hardware_info" && among(machine_fields, key);
        found.push_back(
            {where + "." + key, a.dump(), b.dump(), machine ? Difference::machine : Difference::noted});
      }
    }
  }

  std::vector<FieldDifference> found;
};

}  // namespace

std::span<const std::string_view> enum_names(Difference /*difference*/) { return difference_names; }

std::vector<FieldDifference> field_differences(const ScenarioResult& base, const ScenarioResult& other) {
  Comparison comparison;
  comparison.objects("hardware_info", to_json(base.metadata.hardware_info),
                     to_json(other.metadata.hardware_info));
  comparison.objects("effective", base.metadata.effective, other.metadata.effective);
  if (base.metadata.prompt && other.metadata.prompt) {
    comparison.objects("prompt", to_json(*base.metadata.prompt), to_json(*other.metadata.prompt));
  }
  if (base.output.token_ids != other.output.token_ids) {
    comparison.found.push_back({"output.token_ids", Json(base.output.token_ids).dump(),
                                Json(other.output.token_ids).dump(), Difference::noted});
  }
  return std::move(comparison.found);
}

}  // namespace bv2
