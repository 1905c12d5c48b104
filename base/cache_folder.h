// Where what may be kept from run to run is kept.
#pragma once

#include <filesystem>

namespace bv2 {

/// BV2_CACHE_DIR, else `benchmark_v2` below XDG_CACHE_HOME or ~/.cache. Throws UsageError where none is
/// known. The folder need not be there.
std::filesystem::path default_cache_folder();

}  // namespace bv2
