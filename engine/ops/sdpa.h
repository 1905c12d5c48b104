// Scaled dot product attention as single operations: the sdpa paths.
#pragma once

#include <cstddef>
#include <span>

#include "engine/ops/context.h"
#include "engine/ops/layer.h"
#include "engine/ops/team_part.h"

namespace bv2::engine {

/// Throws Error, naming the shapes, unless they are attention's: q [batch, heads, tokens, head_dim], k and v
/// [batch, kv_heads, keys, head_dim] of one floating-point dtype, heads a multiple of kv_heads, tokens <=
/// keys, padding undefined or int64 [batch].
void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& padding);

/// Attention by one of the sdpa paths (not `eager`), shapes as for Attention: float32, bfloat16 or float16,
/// computed in float32 and rounded once; only where the processor multiplies bfloat16 directly do the flash
/// and efficient paths round the softmax's powers to bfloat16 too (for more than a few tokens), as PyTorch
/// does. q, k and v may be strided in all but the last dimension. The result's memory is [batch, tokens,
/// heads, head_dim], so that merging the heads moves nothing. Uses OpenMP's threads.
/// - `sdpa_math`: all scores of all heads materialised, masked keys computed too.
/// - `sdpa_efficient_attention`: the scores of one block of queries against all their keys at a time (Rabe
/// and
///   Staats 2021).
/// - `sdpa_flash_attention`: blocked over queries and keys with an online softmax (Dao 2023), the query heads
/// of a
///   group together; where blocks are fewer than threads the keys are split and the parts merged.
Tensor sdpa(AttentionPath path, const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
            const Tensor& padding);

/// The same into `out`, which has q's shape and may be strided in all but the last dimension.
void sdpa_into(AttentionPath path, const Attention& attention, const Tensor& q, const Tensor& k,
               const Tensor& v, const Tensor& padding, const Tensor& out);

/// Sizes that decide how flash attention cuts its work.
struct FlashShape {
  std::int64_t batch = 1;
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;
  std::int64_t tokens = 1;
  std::int64_t keys = 1;
  std::int64_t head_dim = 1;
  Dtype dtype = Dtype::float32;
};

/// How flash attention runs a shape on `threads` threads. `scratch_bytes` is all the memory that it allocates
/// besides the result; it does not grow with tokens or keys.
struct FlashPlan {
  bool row_lanes = true;        ///< a query row a vector lane (prefill), or head_dim along the lanes (decode)
  std::int64_t row_block = 1;   ///< query rows (tokens x heads of a group) of one task
  std::int64_t row_blocks = 1;  ///< of one key/value head
  std::int64_t key_block = 1;   ///< keys between two corrections of the softmax
  std::int64_t splits = 1;      ///< parts that a task's keys are shared out in
  std::size_t scratch_bytes = 0;
};

FlashPlan plan_flash(const FlashShape& shape, int threads);

/// Memory that flash_attention_part needs for `shape` with up to shape.keys keys, on `threads` threads.
std::size_t flash_part_scratch_bytes(const FlashShape& shape, int threads);

/// One thread's part of `sdpa_into` with flash attention: every thread of the team calls it with the same
/// tensors and `scratch`. Allocates nothing and starts no threads.
void flash_attention_part(const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
                          const Tensor& padding, const Tensor& out, std::span<std::byte> scratch,
                          const TeamPart& part);

}  // namespace bv2::engine
