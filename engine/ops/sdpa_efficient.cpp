// Memory-efficient attention: a block of queries against all their keys, the scores of one block
// materialised.
#include "engine/ops/sdpa_row_worker.h"
#include "engine/parallel.h"
#include "engine/threads.h"

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
  const std::int64_t threads = blocks > 1 ? thread_count() : 1;
  const std::int64_t floats = measure.used();
  const Storage scratch(static_cast<std::size_t>(threads * floats) * sizeof(float));

  SharedTasks tasks(blocks);
  on_team(threads, [&](const TeamThread& thread) {
    FloatArena arena(reinterpret_cast<float*>(scratch.data()) + thread.index * floats);
    RowWorker worker(problem, kernels, arena);
    float* scores = arena.take(RowWorker::scores_size(kernels, problem.keys));
    tasks.take([&](std::int64_t index) {
      run_block(worker, row_block_at(problem, worker.row_block(), index), scores);
    });
  });
}

}  // namespace bv2::engine
