// Gemma 2 and 3 (Gemma Team 2024, 2025) and OLMo 2 (OLMo Team 2025): what attention and the MLP give is
// normalised before it is added.
#pragma once

#include <vector>

#include "engine/models/decoder.h"
#include "engine/models/self_attention.h"

namespace bv2::engine {

/// As transformers' Gemma2ForCausalLM, Gemma3ForCausalLM (text) and Olmo2ForCausalLM.
class PostNorm final : public Decoder {
 public:
  PostNorm(const ModelConfig& config, WeightSource& weights, Dtype dtype);

  void visit_matrices(const std::function<void(Tensor&)>& visit) override;
  Tensor forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const override;

 private:
  struct Layer {
    Tensor attention_norm;  // [hidden]; undefined where only the outputs are normalised (OLMo 2)
    SelfAttention attention;
    std::size_t rope = 0;          // of ropes_
    Tensor attention_output_norm;  // [hidden]
    Tensor mlp_norm;               // as attention_norm
    GatedMlpWeights mlp;
    Tensor mlp_output_norm;  // [hidden]
  };

  std::vector<RopeTable> ropes_;  // of most layers, and of the local ones (Gemma 3)
  std::vector<Layer> layers_;
  Tensor norm_;  // [hidden]
};

}  // namespace bv2::engine
