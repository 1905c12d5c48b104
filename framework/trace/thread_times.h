// How long each thread of this process ran.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bv2 {

/// One thread, and how long it was on a processor.
struct ThreadTime {
  std::int64_t id = 0;  ///< of the system
  std::string name;
  std::int64_t cpu_ns = 0;
};

/// Reads the processor time of all threads of the process. Used by one thread.
class ThreadTimes {
 public:
  /// From now on.
  void begin();
  /// Of each thread that is there, since begin().
  [[nodiscard]] std::vector<ThreadTime> since_begin() const;

 private:
  std::vector<ThreadTime> before_;
};

}  // namespace bv2
