// One parallel region of a kernel.
#pragma once

#include <omp.h>

#include <cstdint>

namespace bv2::engine {

/// Calls work(begin, end) on every thread of the team with its own contiguous share of [0, tasks), on the
/// calling thread alone where there is one task or none. `work` must not throw.
template <class Work>
void in_parallel(std::int64_t tasks, const Work& work) {
  if (tasks <= 1) {
    if (tasks == 1) work(std::int64_t{0}, std::int64_t{1});
    return;
  }
#pragma omp parallel
  {
    const std::int64_t thread = omp_get_thread_num();
    const std::int64_t threads = omp_get_num_threads();
    const std::int64_t begin = tasks * thread / threads;
    const std::int64_t end = tasks * (thread + 1) / threads;
    if (begin < end) work(begin, end);
  }
}

}  // namespace bv2::engine
