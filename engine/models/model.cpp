// The table of model families.
#include "engine/models/model.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/models/bert.h"
#include "engine/models/gpt.h"
#include "engine/models/llama.h"
#include "engine/models/post_norm.h"

namespace bv2::engine {
namespace {

struct Family {
  std::string_view model_type;
  std::unique_ptr<Model> (*make)(const ModelConfig&, WeightSource&, Dtype);
};

template <class M>
std::unique_ptr<Model> make(const ModelConfig& config, WeightSource& weights, Dtype dtype) {
  return std::make_unique<M>(config, weights, dtype);
}

constexpr std::array families{
    Family{"bert", make<Bert>},     Family{"distilbert", make<Bert>}, Family{"roberta", make<Bert>},
    Family{"gpt2", make<Gpt>},      Family{"gpt_neox", make<Gpt>},    Family{"llama", make<Llama>},
    Family{"mistral", make<Llama>}, Family{"mixtral", make<Llama>},   Family{"phi3", make<Llama>},
    Family{"qwen2", make<Llama>},   Family{"qwen3", make<Llama>},     Family{"qwen3_moe", make<Llama>},
    Family{"smollm3", make<Llama>}, Family{"gemma2", make<PostNorm>}, Family{"gemma3_text", make<PostNorm>},
    Family{"olmo2", make<PostNorm>}};

}  // namespace

std::unique_ptr<Model> make_model(const ModelConfig& config, WeightSource& weights, Dtype dtype) {
  const auto* family = std::ranges::find(families, config.model_type, &Family::model_type);
  if (family != families.end()) return family->make(config, weights, dtype);
  fail("the model_type '{}' is not supported (supported: {})", config.model_type,
       fmt::join(supported_model_types(), ", "));
}

std::vector<std::string_view> supported_model_types() {
  std::vector<std::string_view> types;
  types.reserve(families.size());
  for (const Family& family : families) types.push_back(family.model_type);
  return types;
}

}  // namespace bv2::engine
