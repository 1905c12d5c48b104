// How much memory is left for another worker.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace bv2 {

/// Bytes that processes can still take without anything being killed or swapped: what the kernel thinks is
/// available, or what the control group still allows where that is less. Missing where the system does not
/// tell. `root` is where /proc and /sys are.
std::optional<std::int64_t> available_memory_bytes(const std::filesystem::path& root = "/");

}  // namespace bv2
