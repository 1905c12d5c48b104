// Attention: the definition in basic operations, and the way to the sdpa paths.
#include <algorithm>

#include "engine/ops/basic.h"
#include "engine/ops/layer.h"
#include "engine/ops/rounding.h"
#include "engine/ops/sdpa.h"

namespace bv2::engine {
namespace {

bool needs_mask(const Attention& attention, std::int64_t tokens, const Tensor& padding) {
  if (padding.defined()) return true;
  // Whatever the number of keys: which operations run then depends on no size but one token or more.
  if (attention.window > 0) return true;
  return attention.causal && tokens > 1;
}

/// [rows, 1, 1, tokens, keys], to be added to scores [batch, kv_heads, group, tokens, keys].
Tensor additive_mask(Context& context, const Attention& attention, std::int64_t tokens, std::int64_t keys,
                     const Tensor& padding, Dtype dtype) {
  Tensor mask = attention_mask(context, padding, tokens, keys, attention.causal, attention.window, dtype);
  if (padding.defined()) {
    // A padding token may see no key at all: -inf everywhere would make it NaN, and NaN would reach the other
    // tokens through its value in the next layer. transformers masks with the lowest finite number too.
    const Tensor zero = attention_mask(context, {}, 1, 1, false, 0, dtype);
    mask = context.execute(BasicOp::maximum, {mask, add_scalar(context, zero, lowest(dtype))});
  }
  return reshape(context, mask, {mask.size(0), 1, 1, tokens, keys});
}

/// The query heads that share a key/value head become rows of one product (row = head in group * tokens +
/// token), so that keys and values are never repeated.
Tensor eager_attention(Context& context, const Attention& attention, const Tensor& q, const Tensor& k,
                       const Tensor& v, const Tensor& padding) {
  const std::int64_t batch = q.size(0);
  const std::int64_t tokens = q.size(2);
  const std::int64_t kv_heads = k.size(1);
  const std::int64_t keys = k.size(2);
  const std::int64_t group = q.size(1) / kv_heads;
  const Shape rows_shape{batch, kv_heads, group * tokens, keys};

  const Tensor rows = reshape(context, contiguous(context, q), {batch, kv_heads, group * tokens, q.size(3)});
  Tensor scores = matmul(context, rows, transpose(context, k, 2, 3));
  scores = mul_scalar(context, scores, attention.scale);
  if (attention.softcap != 0) {
    scores = tanh(context, mul_scalar(context, scores, 1 / attention.softcap));
    scores = mul_scalar(context, scores, attention.softcap);
  }
  if (needs_mask(attention, tokens, padding)) {
    const Tensor mask = additive_mask(context, attention, tokens, keys, padding, q.dtype());
    scores = add(context, reshape(context, scores, {batch, kv_heads, group, tokens, keys}), mask);
    scores = reshape(context, scores, rows_shape);
  }
  const Tensor weights = Softmax{}.define(context, scores);
  return reshape(context, matmul(context, weights, v), q.shape());
}

}  // namespace

Tensor Attention::define(Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                         const Tensor& padding) const {
  check_attention(q, k, v, padding);
  if (context.attention() == AttentionPath::eager) return eager_attention(context, *this, q, k, v, padding);
  return sdpa(context.attention(), *this, q, k, v, padding);
}

std::int64_t Attention::touched_bytes(const Tensor& result, const Tensor& q, const Tensor& k, const Tensor& v,
                                      const Tensor& padding) const {
  const std::int64_t keys = k.size(2);
  const std::int64_t seen = window > 0 ? std::min(keys, window + q.size(2) - 1) : keys;
  const std::int64_t cached = engine::touched_bytes(k) + engine::touched_bytes(v);
  return engine::touched_bytes(result) + engine::touched_bytes(q) + engine::touched_bytes(padding) +
         cached / keys * seen;
}

}  // namespace bv2::engine
