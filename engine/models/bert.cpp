// BERT, RoBERTa and DistilBERT: their weights by name, and their forward.
#include "engine/models/bert.h"

#include <fmt/format.h>

#include "engine/models/positions.h"
#include "engine/ops/basic.h"

namespace bv2::engine {
namespace {

/// What the checkpoints call a layer and its parts.
struct Names {
  std::string_view layer;
  std::string_view q, k, v, output, attention_norm, up, down, mlp_norm;
};
constexpr Names bert_names{.layer = "encoder.layer.{}.",
                           .q = "attention.self.query",
                           .k = "attention.self.key",
                           .v = "attention.self.value",
                           .output = "attention.output.dense",
                           .attention_norm = "attention.output.LayerNorm",
                           .up = "intermediate.dense",
                           .down = "output.dense",
                           .mlp_norm = "output.LayerNorm"};
constexpr Names distilbert_names{.layer = "transformer.layer.{}.",
                                 .q = "attention.q_lin",
                                 .k = "attention.k_lin",
                                 .v = "attention.v_lin",
                                 .output = "attention.out_lin",
                                 .attention_norm = "sa_layer_norm",
                                 .up = "ffn.lin1",
                                 .down = "ffn.lin2",
                                 .mlp_norm = "output_layer_norm"};

}  // namespace

Bert::Bert(const ModelConfig& config, WeightSource& weights, Dtype dtype) : config_(config), dtype_(dtype) {
  ParameterReader read(weights, dtype);
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t intermediate = config.intermediate_size;
  words_ = read.embedding("embeddings.word_embeddings.weight", {config.vocab_size, hidden});
  positions_ =
      read.embedding("embeddings.position_embeddings.weight", {config.max_position_embeddings, hidden});
  if (config.type_vocab_size > 0) {
    segments_ = read.embedding("embeddings.token_type_embeddings.weight", {config.type_vocab_size, hidden});
  }
  embedding_norm_ = read.layer_norm("embeddings.LayerNorm", hidden);
  const Names& names = config.model_type == "distilbert" ? distilbert_names : bert_names;
  for (std::int64_t index = 0; index < config.num_hidden_layers; ++index) {
    const std::string prefix = fmt::format(fmt::runtime(names.layer), index);
    const auto linear = [&](std::string_view name, std::int64_t out, std::int64_t in) {
      return read.linear(prefix + std::string(name), out, in, true);
    };
    const auto norm = [&](std::string_view name) {
      return read.layer_norm(prefix + std::string(name), hidden);
    };
    layers_.push_back({.q = linear(names.q, hidden, hidden),
                       .k = linear(names.k, hidden, hidden),
                       .v = linear(names.v, hidden, hidden),
                       .output = linear(names.output, hidden, hidden),
                       .attention_norm = norm(names.attention_norm),
                       .up = linear(names.up, intermediate, hidden),
                       .down = linear(names.down, hidden, intermediate),
                       .mlp_norm = norm(names.mlp_norm)});
  }
  weight_bytes_ = read.bytes_read();
}

void Bert::visit_matrices(const std::function<void(Tensor&)>& visit) {
  for (Layer& layer : layers_) {
    for (LinearWeights* linear : {&layer.q, &layer.k, &layer.v, &layer.output, &layer.up, &layer.down}) {
      visit(linear->weight);
    }
  }
}

KvCache Bert::make_cache(std::int64_t /*batch*/, std::int64_t capacity) const {
  KvCache cache;
  cache.capacity = capacity;
  return cache;
}

Tensor Bert::forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const {
  Tensor hidden = embed(context, ids, cache);  // [batch, tokens, hidden]
  for (const Layer& layer : layers_) {
    hidden = attention(context, layer, hidden, cache.padding);
    hidden = mlp(context, layer, hidden);
  }
  return which == LogitsOf::all_tokens ? hidden : slice(context, hidden, 1, ids.size(1) - 1, ids.size(1));
}

Tensor Bert::embed(Context& context, const Tensor& ids, const KvCache& cache) const {
  Tensor hidden = context.apply(Embedding{}, ids, words_);
  if (segments_.defined()) hidden = add(context, hidden, slice(context, segments_, 0, 0, 1));
  hidden = add(context, hidden,
               next_position_rows(context, positions_, cache, ids.size(1), config_.position_offset));
  return normed(context, embedding_norm_, hidden);
}

Tensor Bert::attention(Context& context, const Layer& layer, const Tensor& hidden,
                       const Tensor& padding) const {
  const Qkv qkv = context.apply(QkvProjection{config_.head_dim}, hidden, layer.q, layer.k, layer.v);
  const Attention attend{.scale = config_.attention_scale, .causal = false};
  const Tensor mixed = context.apply(attend, qkv.q, qkv.k, qkv.v, padding);
  const Tensor sum = context.apply(LinearResidual{}, merge_heads(context, mixed), layer.output, hidden);
  return normed(context, layer.attention_norm, sum);
}

Tensor Bert::mlp(Context& context, const Layer& layer, const Tensor& hidden) const {
  const Tensor wide = context.apply(LinearActivation{config_.activation}, hidden, layer.up);
  const Tensor sum = context.apply(LinearResidual{}, wide, layer.down, hidden);
  return normed(context, layer.mlp_norm, sum);
}

Tensor Bert::normed(Context& context, const LayerNormWeights& norm, const Tensor& x) const {
  return context.apply(LayerNorm{config_.norm_epsilon}, x, norm.weight, norm.bias);
}

}  // namespace bv2::engine
