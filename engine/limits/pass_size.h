// How many repetitions a timed pass has: as many as make it long enough to be believed.
#pragma once

#include <algorithm>
#include <cstdint>

namespace bv2::engine {

/// What one pass took.
struct PassTime {
  double wall_seconds = 0;
  double cpu_seconds = 0;  ///< of the thread that worked the shortest
};

/// Finds the size while measuring. A pass is long enough by the processor time that its threads worked, not
/// by the clock on the wall: on a busy machine a pass of one small read can last for milliseconds, most of
/// them spent waiting for a processor.
class PassSize {
 public:
  explicit PassSize(double least_cpu_seconds) : least_cpu_seconds_(least_cpu_seconds) {}

  [[nodiscard]] std::int64_t times() const { return times_; }

  /// Says whether a pass of times() counts. One that was too short does not, and the next will be longer: at
  /// least twice and at most 100 times, so that one wrong reading costs little.
  bool counts(const PassTime& pass) {
    if (pass.cpu_seconds >= least_cpu_seconds_) return true;
    constexpr double margin = 1.25;
    constexpr double most_growth = 100;
    const double growth = pass.cpu_seconds > 0 ? margin * least_cpu_seconds_ / pass.cpu_seconds : most_growth;
    times_ = static_cast<std::int64_t>(static_cast<double>(times_) * std::clamp(growth, 2.0, most_growth));
    return false;
  }

  /// Whether the threads of a pass had their processors to themselves.
  [[nodiscard]] static bool undisturbed(const PassTime& pass) {
    constexpr double most_waiting = 1.25;
    return pass.wall_seconds <= most_waiting * pass.cpu_seconds;
  }

 private:
  double least_cpu_seconds_;
  std::int64_t times_ = 1;
};

}  // namespace bv2::engine
