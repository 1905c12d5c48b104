// The layer operations: each a structure of its parameters with a name and a definition in basic operations.
// The definition is the specification, the portable path and the oracle of every faster way to compute the
// same.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/ops/context.h"

namespace bv2::engine {

/// ids int64 [batch, tokens], table [vocabulary, hidden] -> [batch, tokens, hidden], times `scale`.
struct Embedding {
  static constexpr std::string_view name = "embedding";
  double scale = 1;
  Tensor define(Context& context, const Tensor& ids, const Tensor& table) const;
  /// What a profile counts: of the table the rows that are looked up.
  [[nodiscard]] static std::int64_t touched_bytes(const Tensor& result, const Tensor& ids,
                                                  const Tensor& table);
};

/// x [.., in], weight [out, in], bias [out] or undefined -> [.., out].
struct Linear {
  static constexpr std::string_view name = "linear";
  Tensor define(Context& context, const Tensor& x, const Tensor& weight, const Tensor& bias) const;
};

/// Zhang and Sennrich 2019: x / sqrt(mean(x^2) + epsilon) * (weight + weight_offset) over the last dimension,
/// in float32. Llama rounds to x's dtype before it multiplies by the weight; Gemma (`weight_in_float32`)
/// after.
struct RmsNorm {
  static constexpr std::string_view name = "rms_norm";
  double epsilon = 1e-6;
  double weight_offset = 0;
  bool weight_in_float32 = false;
  Tensor define(Context& context, const Tensor& x, const Tensor& weight) const;
};

/// Ba et al. 2016: (x - mean) / sqrt(variance + epsilon) * weight + bias over the last dimension, in float32,
/// rounded once, at the end. bias may be undefined.
struct LayerNorm {
  static constexpr std::string_view name = "layer_norm";
  double epsilon = 1e-5;
  Tensor define(Context& context, const Tensor& x, const Tensor& weight, const Tensor& bias) const;
};

/// Rotates the first cos.size(-1) of head_dim by position (Su et al. 2021; halves, not pairs, as transformers
/// does): x [batch, heads, tokens, head_dim], cos and sin [batch or 1, 1, tokens, rotary_dim] in x's dtype.
struct Rotary {
  static constexpr std::string_view name = "rotary";
  Tensor define(Context& context, const Tensor& x, const Tensor& cos, const Tensor& sin) const;
};

/// softmax over the last dimension in float32, rounded to x's dtype.
struct Softmax {
  static constexpr std::string_view name = "softmax";
  Tensor define(Context& context, const Tensor& x) const;
};

/// softmax(q k^T * scale + mask) v, heads of one group sharing a key/value head:
/// q [batch, heads, tokens, head_dim], k and v [batch, kv_heads, keys, head_dim] -> [batch, heads, tokens,
/// head_dim]. The queries are the last `tokens` of the `keys` positions. Which of the ways runs is the
/// context's AttentionPath. A query that may see no key (padding) gives 0 on the sdpa paths.
struct Attention {
  static constexpr std::string_view name = "attention";
  double scale = 1;
  bool causal = true;
  std::int64_t window = 0;  ///< keys that a query sees at most, itself included; 0: all
  double softcap = 0;       ///< scores become softcap * tanh(score / softcap); 0: off
  /// padding: int64 [batch], the leading keys of each row that are padding; or undefined.
  Tensor define(Context& context, const Tensor& q, const Tensor& k, const Tensor& v,
                const Tensor& padding) const;
  /// Keys and values that a window hides from every query are not read.
  [[nodiscard]] std::int64_t touched_bytes(const Tensor& result, const Tensor& q, const Tensor& k,
                                           const Tensor& v, const Tensor& padding) const;
};

enum class Activation { silu, gelu, gelu_tanh, relu };
/// The activation of that name in a config.json ("silu", "gelu_pytorch_tanh", ...), if it is known.
std::optional<Activation> activation_from_name(std::string_view name);

/// activation(x), rounded to x's dtype.
struct Activate {
  static constexpr std::string_view name = "activation";
  Activation activation = Activation::silu;
  Tensor define(Context& context, const Tensor& x) const;
};

/// activation(gate) * up (SwiGLU: Shazeer 2020).
struct GatedActivation {
  static constexpr std::string_view name = "gated_activation";
  Activation activation = Activation::silu;
  Tensor define(Context& context, const Tensor& gate, const Tensor& up) const;
};

/// cap * tanh(x / cap): keeps logits within +-cap (Gemma 2).
struct Softcap {
  static constexpr std::string_view name = "softcap";
  double cap = 1;
  Tensor define(Context& context, const Tensor& x) const;
};

/// The names of all layer operations, as records and tables show them.
std::span<const std::string_view> layer_operation_names();

}  // namespace bv2::engine
