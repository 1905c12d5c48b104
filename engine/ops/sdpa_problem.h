// What the sdpa paths share: one attention call taken apart, and blocks of query rows.
#pragma once

#include <cstdint>
#include <span>

#include "engine/ops/layer.h"
#include "engine/ops/sdpa_kernels.h"

namespace bv2::engine {

/// A call's tensors and sizes. A key/value head is shared by `group` query heads; their rows (tokens x heads
/// of the group) are numbered token * group + head, so that rows that stand together see nearly the same
/// keys.
struct SdpaProblem {
  SdpaProblem(const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
              const Tensor& padding, const Tensor& out);

  std::int64_t batch;
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t group;
  std::int64_t tokens;
  std::int64_t keys;
  std::int64_t head_dim;
  Dtype dtype;
  Attention attention;
  ScoreTransform transform;
  Tensor q;
  Tensor k;
  Tensor v;
  Tensor padding;
  Tensor out;  ///< [batch, heads, tokens, head_dim]

  [[nodiscard]] std::int64_t rows() const { return tokens * group; }
  [[nodiscard]] KeyRange visible(std::int64_t batch_index, std::int64_t row) const;
  /// The head_dim elements of a row of q or out.
  [[nodiscard]] std::byte* row_of(const Tensor& tensor, std::int64_t batch_index, std::int64_t kv_head,
                                  std::int64_t row) const;
  /// The first element of a key or value.
  [[nodiscard]] const std::byte* key_of(const Tensor& tensor, std::int64_t batch_index, std::int64_t kv_head,
                                        std::int64_t key) const;
};

/// Rows [begin, begin + rows) of one key/value head.
struct RowBlock {
  std::int64_t batch_index = 0;
  std::int64_t kv_head = 0;
  std::int64_t begin = 0;
  std::int64_t rows = 0;
  KeyRange seen{};      ///< keys that any row sees; empty when none does
  KeyRange unmasked{};  ///< keys that all rows see
};

/// The index-th of `per_head` blocks of at most `row_block` rows: all heads' last blocks first, since those
/// see the most keys and the work is shared out in this order.
RowBlock row_block_at(const SdpaProblem& problem, std::int64_t row_block, std::int64_t index);

/// Blocks of at most `row_block` rows that all heads have together.
inline std::int64_t row_block_count(const SdpaProblem& problem, std::int64_t row_block) {
  return problem.batch * problem.kv_heads * ((problem.rows() + row_block - 1) / row_block);
}

inline std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Hands out parts of one allocation, each aligned to a cache line. Without memory it only counts.
class FloatArena {
 public:
  explicit FloatArena(float* memory) : memory_(memory) {}
  float* take(std::int64_t count) {
    float* part = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += round_up(count, 16);
    return part;
  }
  std::span<std::int32_t> take_integers(std::int64_t count) {
    return {reinterpret_cast<std::int32_t*>(take(count)), static_cast<std::size_t>(count)};
  }
  [[nodiscard]] std::int64_t used() const { return used_; }

 private:
  float* memory_;
  std::int64_t used_ = 0;
};

void sdpa_math(const SdpaProblem& problem);
void sdpa_efficient(const SdpaProblem& problem);
void sdpa_flash(const SdpaProblem& problem);

}  // namespace bv2::engine
