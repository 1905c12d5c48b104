// The instruction set that our vectorised code runs on.
#pragma once

#include <string_view>

namespace bv2::engine {

/// The widest instruction set that is used here: "avx512_dl", "avx512", "avx2", "sse4", "neon", "scalar" ...
/// The environment variable BV2_MAX_ISA caps it ("avx512", "avx2", "sse4", "scalar"), for tests. Throws
/// UsageError for another value. Thread safe.
std::string_view effective_isa();

/// Applies BV2_MAX_ISA. Called before the first vectorised function; further calls do nothing.
void apply_isa_cap();

}  // namespace bv2::engine
