// One thread's work on one block of query rows, a row a vector lane: the steps that the sdpa paths order
// differently.
#pragma once

#include "engine/ops/sdpa_problem.h"
#include "engine/ops/sdpa_state.h"

namespace bv2::engine {

/// The memory of a worker.
struct RowScratch {
  RowScratch(std::int64_t head_dim, const RowLaneKernels& kernels, FloatArena& arena);

  std::int64_t columns;     ///< head_dim in whole groups of a product
  float* staging;           ///< [row_block, columns]
  float* queries;           ///< [head_dim, row_block]
  float* tile;              ///< [tile_keys, columns]: keys or values
  float* out;               ///< [columns, row_block]
  float* max;               ///< [row_block]
  float* sum;               ///< [row_block]
  std::int32_t* row_first;  ///< [row_block]
  std::int32_t* row_last;   ///< [row_block]
};

/// Not thread safe: each thread has its own.
class RowWorker {
 public:
  /// Keys (and then values) that are converted to float32 at a time.
  static constexpr std::int64_t tile_keys = 128;

  RowWorker(const SdpaProblem& problem, FloatArena& arena);

  /// Most rows of a block; also the stride of scores.
  [[nodiscard]] std::int64_t row_block() const { return kernels_.row_block; }
  /// Memory for the scores of `keys` keys: whole groups of a product.
  [[nodiscard]] static std::int64_t scores_size(std::int64_t keys);

  /// Begins with a block: nothing seen, out zero.
  void start(const RowBlock& block);
  void load_queries();
  /// q.k of keys [first, last) into scores [keys, row_block], which needs room for scores_size(last - first).
  void score(std::int64_t first, std::int64_t last, float* scores);
  /// Scores of keys [first, last) become powers; max, sum and out go on.
  void softmax(std::int64_t first, std::int64_t last, float* scores);
  /// out += powers * values of keys [first, last).
  void add_values(std::int64_t first, std::int64_t last, const float* powers);
  /// Writes out / sum, rounded to the problem's dtype; 0 for rows that saw no key.
  void store();

  /// What the block has come to, for parts of its keys to be merged.
  [[nodiscard]] SoftmaxState state() const;

 private:
  const SdpaProblem& problem_;
  RowLaneKernels kernels_;
  RowKernels row_kernels_;
  RowScratch scratch_;
  RowBlock block_{};
  int vectors_ = 0;
};

}  // namespace bv2::engine
