// BERT (Devlin et al. 2018), and RoBERTa and DistilBERT, which differ from it by names and sizes alone.
#pragma once

#include <vector>

#include "engine/models/model.h"
#include "engine/models/parameters.h"

namespace bv2::engine {

/// The encoder, as transformers' BertModel, RobertaModel and DistilBertModel without their poolers. All
/// tokens are of the first segment.
class Bert final : public Model {
 public:
  Bert(const ModelConfig& config, WeightSource& weights, Dtype dtype);

  [[nodiscard]] const ModelConfig& config() const override { return config_; }
  [[nodiscard]] Dtype dtype() const override { return dtype_; }
  [[nodiscard]] std::size_t weight_bytes() const override { return weight_bytes_; }
  void visit_matrices(const std::function<void(Tensor&)>& visit) override;
  [[nodiscard]] KvCache make_cache(std::int64_t batch, std::int64_t capacity) const override;
  Tensor forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const override;

 private:
  struct Layer {
    LinearWeights q, k, v;  // [hidden, hidden]
    LinearWeights output;   // [hidden, hidden]
    LayerNormWeights attention_norm;
    LinearWeights up;    // [intermediate, hidden]
    LinearWeights down;  // [hidden, intermediate]
    LayerNormWeights mlp_norm;
  };

  Tensor embed(Context& context, const Tensor& ids, const KvCache& cache) const;
  Tensor attention(Context& context, const Layer& layer, const Tensor& hidden, const Tensor& padding) const;
  Tensor mlp(Context& context, const Layer& layer, const Tensor& hidden) const;
  Tensor normed(Context& context, const LayerNormWeights& norm, const Tensor& x) const;

  ModelConfig config_;
  Dtype dtype_;
  std::size_t weight_bytes_ = 0;
  Tensor words_;      // [vocabulary, hidden]
  Tensor segments_;   // [segments, hidden]; undefined where the family has none
  Tensor positions_;  // [positions, hidden], of which RoBERTa's first ones are nobody's
  LayerNormWeights embedding_norm_;
  std::vector<Layer> layers_;
};

}  // namespace bv2::engine
