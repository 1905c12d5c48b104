// The instruction set that our vectorised code runs on.
#include "engine/ops/isa.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/simd/targets.h"
#include "hwy/highway.h"

namespace bv2::engine {
namespace {

struct IsaName {
  std::string_view name;
  std::int64_t target;
};

// Best first, as Highway numbers them (smaller is better).
constexpr std::array isa_names {
#if HWY_ARCH_X86
  IsaName{"avx512_dl", HWY_AVX3_DL}, IsaName{"avx512", HWY_AVX3}, IsaName{"avx2", HWY_AVX2},
      IsaName{"sse4", HWY_SSE4}, IsaName{"scalar", HWY_SCALAR}, IsaName{"scalar", HWY_EMU128},
#else
  IsaName{"sve2", HWY_SVE2}, IsaName{"sve", HWY_SVE}, IsaName{"neon", HWY_NEON},
      IsaName{"scalar", HWY_SCALAR}, IsaName{"scalar", HWY_EMU128},
#endif
};

/// Targets worse than the cap, and the cap itself.
std::int64_t targets_up_to(std::string_view cap) {
  const auto* found = std::ranges::find(isa_names, cap, &IsaName::name);
  if (found == isa_names.end()) {
    std::vector<std::string_view> choices;
    for (const IsaName& isa : isa_names) choices.push_back(isa.name);
    choices.erase(std::unique(choices.begin(), choices.end()), choices.end());
    fail<UsageError>("BV2_MAX_ISA is '{}' (choose one of: {})", cap, fmt::join(choices, ", "));
  }
  std::int64_t allowed = 0;
  for (const auto* isa = found; isa != isa_names.end(); ++isa) allowed |= isa->target;
  return allowed;
}

}  // namespace

void apply_isa_cap() {
  static std::once_flag applied;
  std::call_once(applied, [] {
    const char* cap = std::getenv("BV2_MAX_ISA");
    if (cap != nullptr && *cap != '\0') hwy::DisableTargets(~targets_up_to(cap));
  });
}

std::string_view effective_isa() {
  apply_isa_cap();
  const std::int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  for (const IsaName& isa : isa_names) {
    if ((supported & isa.target) != 0) return isa.name;
  }
  return "scalar";
}

}  // namespace bv2::engine
