// The instruction set that the engine's vector code uses.
#include "engine/ops/isa.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <dnnl.hpp>
#include <string>

#include "base/error.h"
#include "engine/simd/targets.h"
#include "hwy/highway.h"

namespace bv2::engine {
namespace {

struct Level {
  std::string_view name;
  std::int64_t target;   ///< of Highway; any of these bits
  std::int64_t allowed;  ///< this level and those below
  dnnl::cpu_isa dnnl_isa;
};

// Falling back to scalar code is what Highway does on x86 when nothing else is allowed. oneDNN knows nothing
// below SSE4.1. Arm has no choice: NEON is part of its 64-bit architecture.
constexpr std::int64_t all_avx512 = HWY_AVX3 | HWY_AVX3_DL;
constexpr std::array levels{
    Level{"avx512", all_avx512, all_avx512 | HWY_AVX2 | HWY_SSE4 | HWY_SCALAR, dnnl::cpu_isa::all},
    Level{"avx2", HWY_AVX2, HWY_AVX2 | HWY_SSE4 | HWY_SCALAR, dnnl::cpu_isa::avx2},
    Level{"sse4", HWY_SSE4, HWY_SSE4 | HWY_SCALAR, dnnl::cpu_isa::sse41},
    Level{"neon", HWY_NEON, HWY_NEON, dnnl::cpu_isa::all},
    Level{"scalar", HWY_SCALAR, HWY_SCALAR, dnnl::cpu_isa::sse41},
};

/// Whether this architecture has code for it.
constexpr bool is_compiled(const Level& level) { return (level.target & HWY_TARGETS) != 0; }

void limit_to(const Level& level) {
  hwy::DisableTargets(~level.allowed);
  // Refused once oneDNN has been used; then its code stays what it is.
  if (level.dnnl_isa != dnnl::cpu_isa::all) dnnl::set_max_cpu_isa(level.dnnl_isa);
}

bool apply_environment() {
  const char* wanted = std::getenv("BV2_MAX_ISA");
  if (wanted == nullptr || *wanted == '\0') return true;
  std::string names;
  for (const Level& level : levels) {
    if (!is_compiled(level)) continue;
    if (level.name == wanted) {
      limit_to(level);
      return true;
    }
    names += (names.empty() ? "" : ", ") + std::string(level.name);
  }
  fail<UsageError>("BV2_MAX_ISA is '{}'; it can be one of {}", wanted, names);
}

}  // namespace

void apply_isa_cap() { [[maybe_unused]] static const bool applied = apply_environment(); }

std::string_view effective_isa() {
  apply_isa_cap();
  const std::int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
  // Highway runs its static target where it supports none.
  for (const std::int64_t targets : {supported, std::int64_t{HWY_STATIC_TARGET}}) {
    for (const Level& level : levels)
      if ((targets & level.target) != 0) return level.name;
  }
  return "unknown";
}

}  // namespace bv2::engine
