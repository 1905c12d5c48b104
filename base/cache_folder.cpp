// Where what may be kept from run to run is kept.
#include "base/cache_folder.h"

#include <cstdlib>
#include <optional>

#include "base/error.h"

namespace bv2 {

std::filesystem::path default_cache_folder() {
  const auto variable = [](const char* name) -> std::optional<std::filesystem::path> {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
  if (const auto folder = variable("BV2_CACHE_DIR")) return *folder;
  if (const auto caches = variable("XDG_CACHE_HOME")) return *caches / "benchmark_v2";
  if (const auto home = variable("HOME")) return *home / ".cache" / "benchmark_v2";
  fail<UsageError>("the folder of the cache is not known: set BV2_CACHE_DIR (HOME is not set)");
}

}  // namespace bv2
