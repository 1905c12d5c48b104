// One entry of the cache of compiled mode, as it is described to people.
#pragma once

#include <cstdint>
#include <string>

namespace bv2::engine::compiled {

struct CacheEntry {
  std::string key;
  std::string title;  ///< what was built: "llama decode, bfloat16"
  std::uint64_t size_bytes = 0;
  std::int64_t used_unix_ns = 0;  ///< when it was last used
};

}  // namespace bv2::engine::compiled
