// Memory-efficient attention: a block of queries against all their keys, the scores of one block
// materialised.
#include <omp.h>

#include <algorithm>

#include "engine/ops/sdpa_row_worker.h"

namespace bv2::engine {
namespace {

void run_block(RowWorker& worker, const RowBlock& block, float* scores) {
  worker.start(block);
  if (block.seen.first < block.seen.last) {
    worker.load_queries();
    worker.score(block.seen.first, block.seen.last, scores);
    worker.softmax(block.seen.first, block.seen.last, scores);
    worker.add_values(block.seen.first, block.seen.last, scores);
  }
  worker.store();
}

}  // namespace

void sdpa_efficient(const SdpaProblem& problem) {
  const RowLaneKernels kernels = row_lane_kernels(problem.dtype);
  FloatArena measure(nullptr);
  const RowScratch measured(problem.head_dim, kernels, measure);
  measure.take(RowWorker::scores_size(kernels, problem.keys));
  const std::int64_t blocks = row_block_count(problem, kernels.row_block);
  const int threads = static_cast<int>(std::min<std::int64_t>(omp_get_max_threads(), blocks));
  const std::int64_t floats = measure.used();
  const Storage scratch(static_cast<std::size_t>(threads * floats) * sizeof(float));

#pragma omp parallel num_threads(threads)
  {
    FloatArena arena(reinterpret_cast<float*>(scratch.data()) + omp_get_thread_num() * floats);
    RowWorker worker(problem, kernels, arena);
    float* scores = arena.take(RowWorker::scores_size(kernels, problem.keys));
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t index = 0; index < blocks; ++index) {
      run_block(worker, row_block_at(problem, worker.row_block(), index), scores);
    }
  }
}

}  // namespace bv2::engine
