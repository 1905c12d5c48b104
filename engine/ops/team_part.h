// Work that the threads of a running parallel region do together.
#pragma once

#include <cstdint>

namespace bv2::engine {

/// One thread of such a team. All of its threads are given the same work at about the same time.
struct TeamPart {
  std::int64_t thread = 0;
  std::int64_t threads = 1;
  void* team = nullptr;
  void (*wait_for_all)(void* team) = nullptr;  ///< returns when all threads have called it

  void wait() const {
    if (threads > 1) wait_for_all(team);
  }
};

}  // namespace bv2::engine
