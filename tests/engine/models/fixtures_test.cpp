// Every family against the outputs of Hugging Face transformers, on every attention path, in every dtype.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/eager/eager_executor.h"
#include "engine/generation/greedy.h"
#include "engine/loading/checkpoint.h"
#include "engine/ops/basic.h"
#include "support/data.h"
#include "support/model_bounds.h"
#include "support/model_reference.h"

namespace bv2::engine {
namespace {

struct Case {
  std::string model;
  AttentionPath attention;
  Dtype dtype;
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string text = fmt::format("{}_path{}_{}", info.param.model, static_cast<int>(info.param.attention),
                                 name(info.param.dtype));
  std::ranges::replace(text, '-', '_');
  return text;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* model : test::decoder_fixtures) {
    for (const AttentionPath attention :
         {AttentionPath::eager, AttentionPath::sdpa_math, AttentionPath::sdpa_flash_attention,
          AttentionPath::sdpa_efficient_attention}) {
      for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16})
        all.push_back({model, attention, dtype});
    }
  }
  return all;
}

class Fixture : public testing::TestWithParam<Case> {};

TEST_P(Fixture, EqualsTransformers) {
  const auto& [name, attention, dtype] = GetParam();
  const std::filesystem::path folder = test::data_dir() / "models" / name;
  const ModelConfig config = read_model_config(folder);
  Checkpoint weights(folder);
  const std::unique_ptr<Model> model = make_model(config, weights, dtype);
  const test::ModelReference reference = test::read_model_reference(folder / "expected.safetensors");
  const test::ExactExperts experts(folder, reference.input_ids);
  EagerExecutor executor;
  Context context(executor, attention);
  context.set_expert_watch(experts.watch(config, dtype));

  const std::int64_t batch = reference.input_ids.size(0);
  const std::int64_t prompt = reference.input_ids.size(1);
  const std::int64_t new_tokens = reference.generated_ids.size(1);
  KvCache cache = model->make_cache(batch, prompt + new_tokens);
  const Tensor logits = cast(
      context, model->forward(context, reference.input_ids, cache, LogitsOf::all_tokens), Dtype::float32);
  EXPECT_EQ(test::first_logit_outside(config, dtype, logits, reference.logits), "");

  if (dtype != Dtype::float32) return;
  context.set_expert_watch({});
  std::vector<std::int64_t> ids;
  DirectRunner runner(context, *model);
  generate_greedy(
      runner, cache, reference.input_ids, new_tokens,
      {.on_tokens =
           [&](std::span<const std::int64_t> tokens) { ids.insert(ids.end(), tokens.begin(), tokens.end()); },
       .on_logits = {}});
  for (std::int64_t row = 0; row < batch; ++row) {
    for (std::int64_t token = 0; token < new_tokens; ++token) {
      EXPECT_EQ(ids[static_cast<std::size_t>(token * batch + row)],
                reference.generated_ids.data<std::int64_t>()[row * new_tokens + token])
          << "row " << row << ", token " << token;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllPaths, Fixture, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace bv2::engine
