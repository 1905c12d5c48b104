// Several products with packed weights as one piece of parallel work.
#pragma once

#include <algorithm>
#include <span>

#include "engine/kernels/panel_products.h"
#include "engine/parallel.h"

namespace bv2::engine {

/// A product: a LinearTarget or a GatedTarget, and the rows that it reads.
template <class Target>
struct PanelJob {
  ProductInput input;
  Target target;
};

/// All tasks of all jobs in one parallel region: a thread's share may end one matrix and begin the next.
template <class Target>
void multiply_all(std::span<const PanelJob<Target>> jobs) {
  std::int64_t total = 0;
  for (const auto& job : jobs) total += task_count(job.input, job.target);
  in_parallel(total, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t first = 0;  // task 0 of the job among all tasks
    for (const auto& job : jobs) {
      const std::int64_t count = task_count(job.input, job.target);
      const std::int64_t from = std::max(begin, first);
      const std::int64_t to = std::min(end, first + count);
      if (from < to) multiply_panels(job.input, job.target, from - first, to - first);
      first += count;
    }
  });
}

}  // namespace bv2::engine
