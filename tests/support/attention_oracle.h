// Attention in double precision from its formula, with bounds of what float32 arithmetic may differ by.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "engine/ops/layer.h"

namespace bv2::test {

/// One call of attention.
struct AttentionCase {
  std::int64_t batch = 1;
  std::int64_t kv_heads = 1;
  std::int64_t group = 1;
  std::int64_t tokens = 1;
  std::int64_t keys = 1;
  std::int64_t head_dim = 64;
  Dtype dtype = Dtype::float32;
  engine::Attention attention{};
  std::vector<double> padding{};  ///< of each row of the batch; empty: none

  [[nodiscard]] std::string name() const;
};

struct AttentionInputs {
  engine::Tensor q;
  engine::Tensor k;  ///< a view of a larger cache, whose other elements are NaN
  engine::Tensor v;
  engine::Tensor padding;
};

AttentionInputs random_inputs(const AttentionCase& shape, std::mt19937_64& random);

/// Row-major [batch, heads, tokens, head_dim].
struct AttentionExpected {
  std::vector<double> out;
  std::vector<double> single_bound;  ///< error of arithmetic in float32, the result rounded to the dtype
  std::vector<double> eager_bound;   ///< error when every step of the definition is rounded to the dtype
  std::vector<bool> sees_a_key;
};

AttentionExpected expected_attention(const AttentionCase& shape, const AttentionInputs& inputs);

}  // namespace bv2::test
