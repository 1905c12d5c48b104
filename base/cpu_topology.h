// The processors that this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace bv2 {

/// The logical processors of this process's affinity mask, in order. Empty where the system does not tell.
std::vector<int> allowed_cpus();

/// Physical cores among the processors that this process may run on (its affinity mask): the default number
/// of threads, since two hyper-threads of a core share what these kernels are bound by. `sys` is /sys, or a
/// copy of it for tests. At least 1.
std::int64_t physical_core_count(const std::filesystem::path& sys = "/sys");

}  // namespace bv2
