// The compile modes.
#include "engine/compiled/compile_modes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

constexpr std::array modes{
    CompileMode{.name = "default", .options = {}},
    CompileMode{.name = "reduce-overhead", .options = {.one_team = true, .choices = {}}},
    CompileMode{.name = "max-autotune", .options = {.one_team = true, .choices = {}}, .is_tuned = true},
};

}  // namespace

std::span<const CompileMode> compile_modes() { return modes; }

const CompileMode& compile_mode(std::string_view name) {
  const auto* found = std::ranges::find(modes, name, &CompileMode::name);
  if (found != modes.end()) return *found;
  std::vector<std::string_view> names;
  names.reserve(modes.size());
  for (const CompileMode& mode : modes) names.push_back(mode.name);
  fail("the compile mode '{}' is not supported (supported: {})", name, fmt::join(names, ", "));
}

}  // namespace bv2::engine::compiled
