// The one team of threads that operations, and the libraries they call, run on.
#pragma once

#include <cstdint>

namespace bv2::engine {

/// Sets the size of the team for calls from this thread on (OpenMP; oneDNN shares it). `count` is at least 1.
void set_thread_count(std::int64_t count);
/// The size of the team that the next parallel region gets.
std::int64_t thread_count();

}  // namespace bv2::engine
