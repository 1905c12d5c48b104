// GPT-2 (Radford et al. 2019) and GPT-NeoX (Black et al. 2022; Pythia): LayerNorm, biases, an MLP that is not
// gated.
#pragma once

#include <optional>
#include <vector>

#include "engine/models/decoder.h"
#include "engine/models/self_attention.h"

namespace bv2::engine {

/// As transformers' GPT2LMHeadModel and GPTNeoXForCausalLM.
class Gpt final : public Decoder {
 public:
  Gpt(const ModelConfig& config, WeightSource& weights, Dtype dtype);

  void visit_matrices(const std::function<void(Tensor&)>& visit) override;
  Tensor forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const override;

 private:
  struct Layer {
    LayerNormWeights attention_norm;
    SelfAttention attention;
    LayerNormWeights mlp_norm;
    LinearWeights up;    // [intermediate, hidden]
    LinearWeights down;  // [hidden, intermediate]
  };

  Tensor positions_;               // [positions, hidden] (GPT-2),
  std::optional<RopeTable> rope_;  // or rotation (GPT-NeoX)
  std::vector<Layer> layers_;
  LayerNormWeights norm_;
};

}  // namespace bv2::engine
