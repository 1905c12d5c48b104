// GPT-2 and GPT-NeoX: their weights by name, and their forward.
#include "engine/models/gpt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/models/positions.h"
#include "engine/ops/basic.h"

namespace bv2::engine {
namespace {

/// What the families call the same things. LAYERS is followed by the layer's number.
struct Names {
  std::string_view model_type;
  std::string_view embedding, head, layers;
  std::string_view attention_norm, qkv, output;
  std::string_view mlp_norm, up, down;
  std::string_view norm;
};
constexpr std::array all_names{
    Names{"gpt2", "transformer.wte.weight", "lm_head", "transformer.h.", "ln_1", "attn.c_attn", "attn.c_proj",
          "ln_2", "mlp.c_fc", "mlp.c_proj", "transformer.ln_f"},
    Names{"gpt_neox", "gpt_neox.embed_in.weight", "embed_out", "gpt_neox.layers.", "input_layernorm",
          "attention.query_key_value", "attention.dense", "post_attention_layernorm", "mlp.dense_h_to_4h",
          "mlp.dense_4h_to_h", "gpt_neox.final_layer_norm"},
};

/// Rows of every head's `part` of three, from joined [heads, 3, head_dim, ..].
Tensor part_of_heads(const Tensor& joined, std::int64_t head_dim, std::int64_t part) {
  Shape shape = joined.shape();
  shape[0] /= 3;
  Tensor rows(joined.dtype(), shape);
  const std::int64_t heads = shape[0] / head_dim;
  const std::size_t head_bytes = rows.size_bytes() / static_cast<std::size_t>(heads);
  for (std::int64_t head = 0; head < heads; ++head) {
    std::memcpy(rows.raw() + static_cast<std::size_t>(head) * head_bytes,
                joined.raw() + static_cast<std::size_t>(3 * head + part) * head_bytes, head_bytes);
  }
  return rows;
}

}  // namespace

Gpt::Gpt(const ModelConfig& config, WeightSource& weights, Dtype dtype) : Decoder(config, dtype) {
  const auto* found = std::ranges::find(all_names, config.model_type, &Names::model_type);
  if (found == all_names.end()) fail("a {} is no GPT that is known", config.model_type);
  const Names& names = *found;
  const bool rotary = config.layers[0].rotary;
  const std::int64_t hidden = config.hidden_size;
  ParameterReader read(weights, dtype);
  // GPT-2 keeps its matrices transposed, and all queries before all keys; GPT-NeoX goes head by head.
  const bool transposed = names.model_type == "gpt2";
  const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
    return transposed ? read.transposed_linear(name, out, in) : read.linear(name, out, in, bias);
  };

  read_vocabulary(read, names.embedding, std::string(names.head));
  if (rotary)
    rope_ = make_rope_table(config.rope, config.head_dim, config.max_position_embeddings);
  else
    positions_ = read.embedding("transformer.wpe.weight", {config.max_position_embeddings, hidden});
  for (std::size_t index = 0; index < config.layers.size(); ++index) {
    const auto name = [&](std::string_view part) {
      return fmt::format("{}{}.{}", names.layers, index, part);
    };
    Layer layer;
    layer.attention_norm = read.layer_norm(name(names.attention_norm), hidden);
    layer.attention = attention_of(config, index);
    const LinearWeights qkv = linear(name(names.qkv), 3 * hidden, hidden, config.attention_bias);
    std::int64_t part = 0;
    for (LinearWeights* to : {&layer.attention.q, &layer.attention.k, &layer.attention.v}) {
      const auto rows = [&](const Tensor& joined) {
        if (!joined.defined()) return Tensor();
        return transposed ? joined.slice(0, part * hidden, (part + 1) * hidden)
                          : part_of_heads(joined, config.head_dim, part);
      };
      *to = {.weight = rows(qkv.weight), .bias = rows(qkv.bias)};
      ++part;
    }
    layer.attention.output = linear(name(names.output), hidden, hidden, config.attention_output_bias);
    layer.mlp_norm = read.layer_norm(name(names.mlp_norm), hidden);
    layer.up = linear(name(names.up), config.intermediate_size, hidden, true);
    layer.down = linear(name(names.down), hidden, config.intermediate_size, true);
    layers_.push_back(std::move(layer));
  }
  norm_ = read.layer_norm(std::string(names.norm), hidden);
  weight_bytes_ = read.bytes_read();
}

void Gpt::visit_matrices(const std::function<void(Tensor&)>& visit) {
  for (Layer& layer : layers_) {
    layer.attention.visit_matrices(visit);
    visit_linears({&layer.up, &layer.down}, visit);
  }
  visit_vocabulary(visit);
}

Tensor Gpt::forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const {
  const std::int64_t tokens = ids.size(1);
  check_fits(cache, tokens);
  Tensor hidden = context.apply(Embedding{}, ids, embedding_);  // [batch, tokens, hidden]
  CosSin angles;
  if (rope_)
    angles = next_cos_sin(context, *rope_, cache, tokens, dtype_);
  else
    hidden = add(context, hidden, next_position_rows(context, positions_, cache, tokens));
  cache.length += tokens;
  const auto normed = [&](const Tensor& x, const LayerNormWeights& norm) {
    return context.apply(LayerNorm{config_.norm_epsilon}, x, norm.weight, norm.bias);
  };
  for (std::size_t index = 0; index < layers_.size(); ++index) {
    const Layer& layer = layers_[index];
    const Tensor heads =
        layer.attention.heads(context, normed(hidden, layer.attention_norm), cache, index, angles);
    const Tensor attended = context.apply(LinearResidual{}, heads, layer.attention.output, hidden);
    const Tensor x = normed(config_.parallel_residual ? hidden : attended, layer.mlp_norm);
    const Tensor inner = context.apply(LinearActivation{config_.activation}, x, layer.up);
    hidden = context.apply(LinearResidual{}, inner, layer.down, attended);
  }
  return output(context, normed(wanted(context, hidden, which), norm_), which);
}

}  // namespace bv2::engine
