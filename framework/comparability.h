// Whether two results may be compared: their surroundings, field by field.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/result.h"

namespace bv2 {

/// What a differing field does to a comparison.
enum class Difference {
  machine,  ///< another machine: times say nothing about the software
  noted     ///< told beside the result: it may explain a difference, or be what is compared
};
std::span<const std::string_view> enum_names(Difference difference);

/// A field in which two results differ.
struct FieldDifference {
  std::string field;  ///< "hardware_info.governor"
  std::string base;   ///< its value, as JSON
  std::string other;
  Difference difference = Difference::noted;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("field", self.field);
    visit("base", self.base);
    visit("new", self.other);
    visit("difference", self.difference);
  }
  friend bool operator==(const FieldDifference&, const FieldDifference&) = default;
};

/// All of them: the machine (processor, counts, quota, memory, GPU), the system (kernel, governor, pages),
/// the software (compiler, libraries), what ran (metadata.effective), the prompt's source and the tokens that
/// came out. Load and measured peaks change from run to run and are left out, and the memory's last 1%, which
/// a kernel takes or leaves.
std::vector<FieldDifference> field_differences(const ScenarioResult& base, const ScenarioResult& other);

}  // namespace bv2
