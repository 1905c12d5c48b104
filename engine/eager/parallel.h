// Work shared out over OpenMP's threads where it is enough to pay for waking them.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace bv2::engine {

/// Calls body(begin, end) so that [0, count) is covered: at once on this thread when that is less than two
/// `grain`s, else by all threads, in ranges that begin at multiples of `step`. `body` may not throw.
template <class Body>
void parallel_for(std::int64_t count, std::int64_t grain, std::int64_t step, const Body& body) {
  const int threads = omp_get_max_threads();
  if (count < 2 * grain || threads == 1) {
    if (count > 0) body(std::int64_t{0}, count);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    // A region always has all threads: libgomp sets the team up anew when the number changes.
    const std::int64_t used = std::min<std::int64_t>(omp_get_num_threads(), count / grain);
    const std::int64_t steps = (count + step - 1) / step;
    const std::int64_t thread = omp_get_thread_num();
    const std::int64_t begin = std::min(count, steps * thread / used * step);
    const std::int64_t end = std::min(count, steps * (thread + 1) / used * step);
    if (thread < used && begin < end) body(begin, end);
  }
}

/// For elements of a tensor: ranges start on cache lines.
constexpr std::int64_t elements_a_line = 64;

}  // namespace bv2::engine
