// Llama (Touvron et al. 2023) and what differs from it by sizes alone.
#pragma once

#include <vector>

#include "engine/models/model.h"
#include "engine/ops/block.h"
#include "engine/ops/rope_table.h"

namespace bv2::engine {

/// As transformers' LlamaForCausalLM.
class Llama final : public Model {
 public:
  Llama(const ModelConfig& config, WeightSource& weights, Dtype dtype);

  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] Dtype dtype() const override { return dtype_; }
  [[nodiscard]] std::size_t weight_bytes() const override { return weight_bytes_; }
  void visit_matrices(const std::function<void(Tensor&)>& visit) override;
  [[nodiscard]] KvCache make_cache(std::int64_t batch, std::int64_t capacity) const override;
  Tensor forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const override;

 private:
  struct Layer {
    Tensor input_norm;       // [hidden]
    LinearWeights q, k, v;   // [heads or kv_heads * head_dim, hidden]
    LinearWeights output;    // [hidden, heads * head_dim]
    Tensor mlp_norm;         // [hidden]
    LinearWeights gate, up;  // [intermediate, hidden]
    LinearWeights down;      // [hidden, intermediate]
  };

  Tensor attention(Context& context, const Layer& layer, const Tensor& hidden, KvCache& cache,
                   std::size_t index, const CosSin& positions) const;
  Tensor mlp(Context& context, const Layer& layer, const Tensor& hidden) const;

  ModelConfig config_;
  Dtype dtype_;
  std::size_t weight_bytes_ = 0;
  RopeTable rope_;
  Tensor embedding_;  // [vocabulary, hidden]
  std::vector<Layer> layers_;
  Tensor norm_;  // [hidden]
  Tensor head_;  // [vocabulary, hidden]; the embedding itself where they are tied
};

}  // namespace bv2::engine
