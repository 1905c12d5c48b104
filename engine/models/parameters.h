// What the families' constructors and forwards share: reading parameters by name, caches, merging
// heads.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "engine/models/model.h"
#include "engine/ops/experts.h"

namespace bv2::engine {

/// A LayerNorm's parameters: [hidden] each.
struct LayerNormWeights {
  Tensor weight;
  Tensor bias;
};

/// Takes a model's parameters from a source, all in one dtype, and counts their bytes.
class ParameterReader {
 public:
  /// `norm_offset` is what the model adds to the weights of its norms (ModelConfig::norm_weight_offset).
  ParameterReader(WeightSource& source, Dtype dtype, double norm_offset = 0)
      : source_(&source),
        dtype_(dtype),
        // What is added to one is about zero: scales of two would let rounding errors grow layer by layer.
        norm_kind_(norm_offset == 0 ? WeightKind::norm_scale : WeightKind::bias) {}

  Tensor embedding(std::string_view name, const Shape& shape) {
    return take(name, shape, WeightKind::embedding);
  }
  Tensor norm(std::string_view name, std::int64_t size) { return take(name, {size}, norm_kind_); }
  Tensor bias(std::string_view name, std::int64_t size) { return take(name, {size}, WeightKind::bias); }
  /// PREFIX.weight [out, in] and, where there is one, PREFIX.bias [out].
  LinearWeights linear(const std::string& prefix, std::int64_t out, std::int64_t in, bool has_bias);
  /// As `linear`, from a PREFIX.weight that is kept transposed, [in, out] (GPT-2): a view of it.
  LinearWeights transposed_linear(const std::string& prefix, std::int64_t out, std::int64_t in);
  /// PREFIX.weight and PREFIX.bias.
  LayerNormWeights layer_norm(const std::string& prefix, std::int64_t size) {
    return {.weight = norm(prefix + ".weight", size), .bias = bias(prefix + ".bias", size)};
  }
  /// Linear layers of one input that the checkpoint keeps one below the other in PREFIX.weight [sum of outs,
  /// in]: views of it.
  std::vector<LinearWeights> joined_linears(const std::string& prefix,
                                            std::initializer_list<std::int64_t> outs, std::int64_t in,
                                            bool has_bias);
  [[nodiscard]] std::size_t bytes_read() const { return bytes_read_; }

 private:
  Tensor take(std::string_view name, const Shape& shape, WeightKind kind);

  WeightSource* source_;
  Dtype dtype_;
  WeightKind norm_kind_;
  std::size_t bytes_read_ = 0;
};

/// PREFIXgate_proj.weight, up_proj, down_proj; gate_up_proj where they are joined.
GatedMlpWeights read_gated_mlp(ParameterReader& read, const ModelConfig& config, const std::string& prefix);
/// The router and the experts of a layer, by the family's names.
ExpertWeights read_experts(ParameterReader& read, const ModelConfig& config, const std::string& prefix);

/// RMSNorm as the configuration has it.
RmsNorm rms_norm_of(const ModelConfig& config);

/// A cache of `capacity` tokens for every layer of that configuration.
KvCache allocate_cache(const ModelConfig& config, Dtype dtype, std::int64_t batch, std::int64_t capacity);
/// Throws Error when so many more tokens do not fit.
void check_fits(const KvCache& cache, std::int64_t tokens);
/// Calls visit with the matrices that there are, as Model::visit_matrices does.
void visit_linears(std::initializer_list<LinearWeights*> linears, const std::function<void(Tensor&)>& visit);
void visit_mlp(GatedMlpWeights& mlp, const std::function<void(Tensor&)>& visit);
void visit_experts(ExpertWeights& weights, const std::function<void(Tensor&)>& visit);
/// [batch, heads, tokens, head_dim] -> [batch, tokens, heads * head_dim].
Tensor merge_heads(Context& context, const Tensor& x);

}  // namespace bv2::engine
