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
  std::int64_t words;       ///< head_dim in words of a product
  float* staging;           ///< [row_block, columns]
  float* queries;           ///< [words, row_block]
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
  /// Keys (and then values) that are laid out for a product at a time. Longer tiles fell out of the first
  /// cache: 128 took 7% longer at 512 tokens.
  static constexpr std::int64_t tile_keys = 64;

  RowWorker(const SdpaProblem& problem, const RowLaneKernels& kernels, FloatArena& arena);

  /// Most rows of a block; also the stride of scores.
  [[nodiscard]] std::int64_t row_block() const { return kernels_.row_block; }
  /// Floats for the scores of `keys` keys: whole groups of a product.
  [[nodiscard]] static std::int64_t scores_size(const RowLaneKernels& kernels, std::int64_t keys) {
    return round_up(keys, kernels.product_rows) * kernels.row_block;
  }

  /// Begins with a block: nothing seen, out zero.
  void start(const RowBlock& block);
  void load_queries();
  /// q.k of keys [first, last) into scores [keys, row_block], which needs room for scores_size.
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
  /// Rows as a product takes them.
  struct Operand {
    const void* data;
    std::int64_t stride;  ///< in words
  };
  /// Where they lie in the cache if that will do, else in the tile.
  Operand keys_at(std::int64_t key, std::int64_t count);
  Operand values_at(std::int64_t key, std::int64_t count);

  const SdpaProblem& problem_;
  RowLaneKernels kernels_;
  RowKernels row_kernels_;
  RowScratch scratch_;
  bool is_laid_out_;  // the cache has the products' element type
  RowBlock block_{};
  int vectors_ = 0;
};

}  // namespace bv2::engine
