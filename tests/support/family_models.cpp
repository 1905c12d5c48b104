// A small model of every family.
#include "support/family_models.h"

#include <algorithm>
#include <array>

#include "engine/loading/checkpoint.h"
#include "support/data.h"
#include "support/model_reference.h"
#include "support/small_models.h"

namespace bv2::test {
namespace {

using engine::Tensor;

// Those of small_models() whose families have no fixture.
constexpr std::array without_fixture{"distilbert", "olmo2", "qwen3_moe", "roberta", "smollm3"};

std::filesystem::path fixture_folder(const std::string& name) { return data_dir() / "models" / name; }

/// Ids from 2 on: 0 is what tests pad with, and 1 is RoBERTa's own padding.
Tensor some_ids(std::int64_t vocab_size) {
  constexpr std::int64_t tokens = 24;
  Tensor ids(Dtype::int64, {2, tokens});
  auto* id = ids.data<std::int64_t>();
  for (std::int64_t i = 0; i < 2 * tokens; ++i) id[i] = 2 + (i * i * 7 + i * 31) % (vocab_size - 2);
  return ids;
}

}  // namespace

std::vector<std::string> family_models() {
  std::vector<std::string> names(without_fixture.begin(), without_fixture.end());
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "models")) {
    if (std::filesystem::exists(entry.path() / "expected.safetensors"))
      names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

FamilyModel load_family_model(const std::string& name, Dtype dtype) {
  if (std::ranges::find(without_fixture, name) == without_fixture.end()) {
    const std::filesystem::path folder = fixture_folder(name);
    engine::Checkpoint weights(folder);
    return {.model = make_model(engine::read_model_config(folder), weights, dtype),
            .ids = read_model_reference(folder / "expected.safetensors").input_ids};
  }
  auto model = make_small_model(name, dtype);
  const Tensor ids = some_ids(model->config().vocab_size);
  return {.model = std::move(model), .ids = ids};
}

}  // namespace bv2::test
