// The instruction set that the engine's vector code uses.
#pragma once

#include <string_view>

namespace bv2::engine {

/// Holds the vector code and oneDNN to the instruction set that the environment variable BV2_MAX_ISA names
/// ("avx512", "avx2", "sse4" or "scalar", on Arm "neon"; unset: the best that the CPU has). Reads the
/// variable once; later calls do nothing. Throws UsageError that names the choices for any other value. Has
/// to come before the first operation, which the executors see to. Thread safe.
void apply_isa_cap();

/// What is in use: "avx512", "avx2", "sse4" or "scalar"; "neon".
std::string_view effective_isa();

}  // namespace bv2::engine
