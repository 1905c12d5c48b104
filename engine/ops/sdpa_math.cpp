// Attention as three passes over all heads, with all scores materialised in float32 and masked keys computed
// like the others: PyTorch's math path.
#include <algorithm>

#include "engine/ops/sdpa_row_worker.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

/// The three passes of one thread on one block of rows.
class MathPasses {
 public:
  MathPasses(const SdpaProblem& problem, RowWorker& worker, float* scores, std::int64_t scores_size,
             float* sums)
      : problem_(problem), worker_(worker), scores_(scores), scores_size_(scores_size), sums_(sums) {}

  void score(std::int64_t index) {
    begin(index);
    worker_.load_queries();
    worker_.score(0, problem_.keys, scores_of(index));
  }
  void softmax(std::int64_t index) {
    begin(index);
    worker_.softmax(0, problem_.keys, scores_of(index));
    std::copy_n(worker_.state().sum, worker_.row_block(), sums_ + index * worker_.row_block());
  }
  void add_values(std::int64_t index) {
    begin(index);
    worker_.add_values(0, problem_.keys, scores_of(index));
    std::copy_n(sums_ + index * worker_.row_block(), worker_.row_block(), worker_.state().sum);
    worker_.store();
  }

 private:
  void begin(std::int64_t index) { worker_.start(row_block_at(problem_, worker_.row_block(), index)); }
  [[nodiscard]] float* scores_of(std::int64_t index) const { return scores_ + index * scores_size_; }

  const SdpaProblem& problem_;
  RowWorker& worker_;
  float* scores_;  // [blocks, scores_size]
  std::int64_t scores_size_;
  float* sums_;  // [blocks, row_block]
};

}  // namespace

void sdpa_math(const SdpaProblem& problem) {
  const RowLaneKernels kernels = row_lane_kernels();
  FloatArena measure(nullptr);
  const RowScratch measured(problem.head_dim, kernels, measure);
  const std::int64_t blocks = row_block_count(problem, kernels.row_block);
  const std::int64_t threads = blocks > 1 ? thread_count() : 1;
  const std::int64_t floats = measure.used();
  const std::int64_t score_floats = blocks * RowWorker::scores_size(kernels, problem.keys);
  const std::int64_t all_floats = threads * floats + score_floats + blocks * kernels.row_block;
  const Storage scratch(static_cast<std::size_t>(all_floats) * sizeof(float));
  float* scores = reinterpret_cast<float*>(scratch.data()) + threads * floats;
  float* sums = scores + score_floats;

  SharedTasks to_score(blocks);
  SharedTasks to_softmax(blocks);
  SharedTasks to_add(blocks);
  on_team(threads, [&](const TeamThread& thread) {
    FloatArena arena(reinterpret_cast<float*>(scratch.data()) + thread.index * floats);
    RowWorker worker(problem, kernels, arena);
    MathPasses passes(problem, worker, scores, score_floats / blocks, sums);
    to_score.take([&](std::int64_t index) { passes.score(index); });
    team_barrier();
    to_softmax.take([&](std::int64_t index) { passes.softmax(index); });
    team_barrier();
    to_add.take([&](std::int64_t index) { passes.add_values(index); });
  });
}

}  // namespace bv2::engine
