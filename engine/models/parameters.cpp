// What the families' constructors and forwards share.
#include "engine/models/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/ops/basic.h"

namespace bv2::engine {

Tensor ParameterReader::take(std::string_view name, const Shape& shape, WeightKind kind) {
  Tensor tensor = source_->take(name, shape, dtype_, kind);
  bytes_read_ += tensor.size_bytes();
  return tensor;
}

LinearWeights ParameterReader::linear(const std::string& prefix, std::int64_t out, std::int64_t in,
                                      bool has_bias) {
  LinearWeights weights{.weight = take(prefix + ".weight", {out, in}, WeightKind::matrix), .bias = {}};
  if (has_bias) weights.bias = bias(prefix + ".bias", out);
  return weights;
}

LinearWeights ParameterReader::transposed_linear(const std::string& prefix, std::int64_t out,
                                                 std::int64_t in) {
  const Tensor weight = take(prefix + ".weight", {in, out}, WeightKind::matrix);
  return {.weight = weight.transpose(0, 1), .bias = bias(prefix + ".bias", out)};
}

std::vector<LinearWeights> ParameterReader::joined_linears(const std::string& prefix,
                                                           std::initializer_list<std::int64_t> outs,
                                                           std::int64_t in, bool has_bias) {
  const LinearWeights all =
      linear(prefix, std::accumulate(outs.begin(), outs.end(), std::int64_t{0}), in, has_bias);
  std::vector<LinearWeights> parts;
  std::int64_t begin = 0;
  for (const std::int64_t out : outs) {
    parts.push_back({.weight = all.weight.slice(0, begin, begin + out), .bias = {}});
    if (has_bias) parts.back().bias = all.bias.slice(0, begin, begin + out);
    begin += out;
  }
  return parts;
}

GatedMlpWeights read_gated_mlp(ParameterReader& read, const ModelConfig& config, const std::string& prefix) {
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t inner = config.intermediate_size;
  GatedMlpWeights mlp;
  if (config.fused_projections) {
    const auto parts = read.joined_linears(prefix + "gate_up_proj", {inner, inner}, hidden, config.mlp_bias);
    mlp.gate = parts[0];
    mlp.up = parts[1];
  } else {
    mlp.gate = read.linear(prefix + "gate_proj", inner, hidden, config.mlp_bias);
    mlp.up = read.linear(prefix + "up_proj", inner, hidden, config.mlp_bias);
  }
  mlp.down = read.linear(prefix + "down_proj", hidden, inner, config.mlp_bias);
  return mlp;
}

namespace {

/// How a family calls a layer's experts: PREFIX BLOCK.gate.weight, PREFIX BLOCK.experts.N.GATE.weight ...
struct ExpertNames {
  std::string_view model_type;
  std::string_view block;
  std::string_view gate;
  std::string_view up;
  std::string_view down;
};
constexpr std::array expert_names{
    ExpertNames{"mixtral", "block_sparse_moe", "w1", "w3", "w2"},
    ExpertNames{"qwen3_moe", "mlp", "gate_proj", "up_proj", "down_proj"},
};

}  // namespace

ExpertWeights read_experts(ParameterReader& read, const ModelConfig& config, const std::string& prefix) {
  const auto* names = std::ranges::find(expert_names, config.model_type, &ExpertNames::model_type);
  if (names == expert_names.end()) fail("a {} has no experts that are known", config.model_type);
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t inner = config.moe_intermediate_size;
  ExpertWeights weights;
  weights.router =
      read.linear(fmt::format("{}{}.gate", prefix, names->block), config.num_experts, hidden, false).weight;
  for (std::int64_t expert = 0; expert < config.num_experts; ++expert) {
    const auto linear = [&](std::string_view name, std::int64_t out, std::int64_t in) {
      return read.linear(fmt::format("{}{}.experts.{}.{}", prefix, names->block, expert, name), out, in,
                         false);
    };
    weights.experts.push_back({.gate = linear(names->gate, inner, hidden),
                               .up = linear(names->up, inner, hidden),
                               .down = linear(names->down, hidden, inner)});
  }
  return weights;
}

void visit_linears(std::initializer_list<LinearWeights*> linears, const std::function<void(Tensor&)>& visit) {
  for (LinearWeights* linear : linears) {
    if (linear->weight.defined()) visit(linear->weight);
  }
}

void visit_mlp(GatedMlpWeights& mlp, const std::function<void(Tensor&)>& visit) {
  visit_linears({&mlp.gate, &mlp.up, &mlp.down}, visit);
}

void visit_experts(ExpertWeights& weights, const std::function<void(Tensor&)>& visit) {
  if (weights.router.defined()) visit(weights.router);
  for (GatedMlpWeights& expert : weights.experts) visit_mlp(expert, visit);
}

RmsNorm rms_norm_of(const ModelConfig& config) {
  return {.epsilon = config.norm_epsilon,
          .weight_offset = config.norm_weight_offset,
          .weight_in_float32 = config.norm_weight_in_float32};
}

KvCache allocate_cache(const ModelConfig& config, Dtype dtype, std::int64_t batch, std::int64_t capacity) {
  KvCache cache;
  cache.capacity = capacity;
  const Shape shape{batch, config.num_key_value_heads, capacity, config.head_dim};
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    cache.layers.push_back({.keys = Tensor(dtype, shape), .values = Tensor(dtype, shape)});
  }
  return cache;
}

void check_fits(const KvCache& cache, std::int64_t tokens) {
  if (cache.length + tokens <= cache.capacity) return;
  fail("{} tokens do not fit into a key/value cache that holds {} of {}", tokens, cache.length,
       cache.capacity);
}

Tensor merge_heads(Context& context, const Tensor& x) {
  const Tensor by_token = contiguous(context, transpose(context, x, 1, 2));
  return reshape(context, by_token, {x.size(0), x.size(2), x.size(1) * x.size(3)});
}

}  // namespace bv2::engine
