// What the families' constructors and forwards share: reading parameters by name, caches, merging heads.
#pragma once

#include <string>

#include "engine/models/model.h"
#include "engine/ops/block.h"

namespace bv2::engine {

/// A LayerNorm's parameters: [hidden] each.
struct LayerNormWeights {
  Tensor weight;
  Tensor bias;
};

/// Takes a model's parameters from a source, all in one dtype, and counts their bytes.
class ParameterReader {
 public:
  ParameterReader(WeightSource& source, Dtype dtype) : source_(&source), dtype_(dtype) {}

  Tensor embedding(std::string_view name, const Shape& shape) {
    return take(name, shape, WeightKind::embedding);
  }
  Tensor norm(std::string_view name, std::int64_t size) { return take(name, {size}, WeightKind::norm_scale); }
  Tensor bias(std::string_view name, std::int64_t size) { return take(name, {size}, WeightKind::bias); }
  /// PREFIX.weight [out, in] and, where there is one, PREFIX.bias [out].
  LinearWeights linear(const std::string& prefix, std::int64_t out, std::int64_t in, bool has_bias);
  /// PREFIX.weight and PREFIX.bias.
  LayerNormWeights layer_norm(const std::string& prefix, std::int64_t size) {
    return {.weight = norm(prefix + ".weight", size), .bias = bias(prefix + ".bias", size)};
  }
  [[nodiscard]] std::size_t bytes_read() const { return bytes_read_; }

 private:
  Tensor take(std::string_view name, const Shape& shape, WeightKind kind);

  WeightSource* source_;
  Dtype dtype_;
  std::size_t bytes_read_ = 0;
};

/// A cache of `capacity` tokens for every layer of that configuration.
KvCache allocate_cache(const ModelConfig& config, Dtype dtype, std::int64_t batch, std::int64_t capacity);
/// Throws Error when so many more tokens do not fit.
void check_fits(const KvCache& cache, std::int64_t tokens);
/// [batch, heads, tokens, head_dim] -> [batch, tokens, heads * head_dim].
Tensor merge_heads(Context& context, const Tensor& x);

}  // namespace bv2::engine
