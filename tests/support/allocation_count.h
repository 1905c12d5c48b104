// Counts what a test's process allocates.
#pragma once

#include <cstdint>

namespace bv2::test {

/// Whether allocations can be counted: not where a sanitizer has its own allocator.
bool counts_allocations();
/// Calls of malloc and its kin (operator new among them), by all threads, since the process began.
std::int64_t allocation_count();

}  // namespace bv2::test
