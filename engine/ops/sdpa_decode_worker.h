// One thread's work on few query rows of one key/value head, head_dim along the vector lanes.
#pragma once

#include "engine/ops/sdpa_problem.h"
#include "engine/ops/sdpa_state.h"

namespace bv2::engine {

/// The memory of a worker.
struct DecodeScratch {
  DecodeScratch(std::int64_t head_dim, std::int64_t rows, const DecodeKernels& kernels, FloatArena& arena);

  std::int64_t width;  ///< head_dim in whole vectors
  float* queries;      ///< [rows, width]
  float* scores;       ///< [rows, key_block]
  float* out;          ///< [rows, width]
  float* max;          ///< [rows]
  float* sum;          ///< [rows]
  KeyRange* ranges;    ///< [rows]
  float* keys;         ///< [key_block, width], only where head_dim is not whole vectors
  float* values;       ///< [key_block, width], likewise
};

/// Not thread safe: each thread has its own.
class DecodeWorker {
 public:
  /// Keys of a block: its keys and values stay in the first caches for all rows.
  static constexpr std::int64_t key_block = 256;

  DecodeWorker(const SdpaProblem& problem, FloatArena& arena);

  /// Begins with all rows of a key/value head: nothing seen, out zero.
  void start(const RowBlock& block);
  void load_queries();
  /// Keys [first, last), at most key_block of them.
  void step(std::int64_t first, std::int64_t last);
  void store();
  [[nodiscard]] SoftmaxState state() const;

 private:
  const SdpaProblem& problem_;
  DecodeKernels kernels_;
  RowKernels row_kernels_;
  DecodeScratch scratch_;
  RowBlock block_{};
};

}  // namespace bv2::engine
