// Llama (Touvron et al. 2023) and the many that differ from it by data alone: Mistral, Qwen2, Qwen3, SmolLM3,
// Phi-3.
#pragma once

#include <vector>

#include "engine/models/decoder.h"
#include "engine/models/self_attention.h"

namespace bv2::engine {

/// Each layer normalises what goes into attention and into a gated MLP (RMSNorm), and adds what comes out. As
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
    Tensor mlp_norm;  // [hidden]
    GatedMlp mlp;
  };

  RopeTable rope_;
  std::vector<Layer> layers_;
  Tensor norm_;  // [hidden]
};

}  // namespace bv2::engine
