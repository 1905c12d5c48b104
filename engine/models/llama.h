// Llama (Touvron et al. 2023) and the many that differ from it by data alone: Mistral, Mixtral, Phi-3, Qwen2,
// Qwen3, Qwen3-MoE, SmolLM3.
#pragma once

#include <vector>

#include "engine/models/decoder.h"
#include "engine/models/self_attention.h"

namespace bv2::engine {

/// Each layer normalises what goes into attention and into a gated MLP, or a mixture of
/// them (RMSNorm), and adds what comes out. As
/// transformers' ...ForCausalLM of these families.
class Llama final : public Decoder {
 public:
  Llama(const ModelConfig& config, WeightSource& weights, Dtype dtype);

  void visit_matrices(const std::function<void(Tensor&)>& visit) override;
  Tensor forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const override;

 private:
  struct Layer {
    Tensor attention_norm;  // [hidden]
    SelfAttention attention;
    bool rotary = true;
    Tensor mlp_norm;        // [hidden]
    GatedMlpWeights mlp;    // this,
    ExpertWeights experts;  // or these
  };

  /// hidden + MLP(x)
  Tensor mlp(Context& context, const Layer& layer, const Tensor& x, const Tensor& hidden) const;

  RopeTable rope_;
  std::vector<Layer> layers_;
  Tensor norm_;  // [hidden]
};

}  // namespace bv2::engine
