// Models in kernelized mode: packed weights, the outputs of Hugging Face transformers, and nothing left to
// definitions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/eager/eager_executor.h"
#include "engine/generation/greedy.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/loading/checkpoint.h"
#include "engine/loading/synthetic_weights.h"
#include "engine/ops/basic.h"
#include "engine/ops/experts.h"
#include "support/data.h"
#include "support/model_bounds.h"
#include "support/model_reference.h"
#include "support/targets.h"

namespace bv2::engine {
namespace {

struct Kernelized {
  explicit Kernelized(std::unique_ptr<Model> of) : model(std::move(of)), packing(pack_weights(*model)) {
    kernels.table = kernels_for(model->dtype());
  }
  std::unique_ptr<Model> model;
  PackingReport packing;
  KernelSet kernels;
  EagerExecutor executor;
  Context context{executor, AttentionPath::sdpa_flash_attention, &kernels};
};

std::unique_ptr<Model> load(const std::string& name, Dtype dtype) {
  const std::filesystem::path folder = test::data_dir() / "models" / name;
  Checkpoint weights(folder);
  return make_model(read_model_config(folder), weights, dtype);
}

class KernelizedFixture : public testing::TestWithParam<std::tuple<const char*, Dtype>> {};

TEST_P(KernelizedFixture, LogitsEqualTransformers) {
  const auto& [name, dtype] = GetParam();
  const auto reference =
      test::read_model_reference(test::data_dir() / "models" / name / "expected.safetensors");
  const std::int64_t batch = reference.input_ids.size(0);
  const std::int64_t tokens = reference.input_ids.size(1);
  const test::ExactExperts experts(test::data_dir() / "models" / name, reference.input_ids);
  test::for_each_target([&, dtype = dtype, name = name](const std::string& target) {
    Kernelized kernelized(load(name, dtype));
    const ModelConfig& config = kernelized.model->config();
    KvCache cache = kernelized.model->make_cache(batch, tokens);
    kernelized.context.set_expert_watch(experts.watch(config, dtype));
    const Tensor logits =
        kernelized.model->forward(kernelized.context, reference.input_ids, cache, LogitsOf::all_tokens);
    EXPECT_EQ(test::first_logit_outside(config, dtype, cast(kernelized.context, logits, Dtype::float32),
                                        reference.logits),
              "")
        << target;
    auto definitions = kernelized.context.record().definitions;
    definitions.erase(std::string(ExpertMixture::name));  // whose kernel is for a few rows
    EXPECT_THAT(definitions, testing::IsEmpty()) << target;
  });
}

class KernelizedGeneration : public testing::TestWithParam<const char*> {};

TEST_P(KernelizedGeneration, IsWhatTransformersGenerates) {
  const std::string name = GetParam();
  const auto reference =
      test::read_model_reference(test::data_dir() / "models" / name / "expected.safetensors");
  const std::int64_t batch = reference.input_ids.size(0);
  const std::int64_t new_tokens = reference.generated_ids.size(1);
  Kernelized kernelized(load(name, Dtype::float32));
  KvCache cache = kernelized.model->make_cache(batch, reference.input_ids.size(1) + new_tokens);
  std::int64_t token = 0;
  const auto check = [&](std::span<const std::int64_t> ids) {
    for (std::int64_t row = 0; row < batch; ++row) {
      EXPECT_EQ(ids[static_cast<std::size_t>(row)],
                reference.generated_ids.data<std::int64_t>()[row * new_tokens + token])
          << "row " << row << ", token " << token;
    }
    ++token;
  };
  DirectRunner runner(kernelized.context, *kernelized.model);
  generate_greedy(runner, cache, reference.input_ids, new_tokens, {.on_tokens = check, .on_logits = {}});
  EXPECT_EQ(token, new_tokens);
}

INSTANTIATE_TEST_SUITE_P(Families, KernelizedFixture,
                         testing::Combine(testing::ValuesIn(test::decoder_fixtures),
                                          testing::Values(Dtype::float32, Dtype::bfloat16, Dtype::float16)),
                         [](const auto& info) {
                           std::string text = std::get<0>(info.param);
                           std::ranges::replace(text, '-', '_');
                           return fmt::format("{}_{}", text, name(std::get<1>(info.param)));
                         });

INSTANTIATE_TEST_SUITE_P(Families, KernelizedGeneration, testing::ValuesIn(test::decoder_fixtures));

ModelConfig small_config(bool tied) {
  return parse_model_config(parse_json(fmt::format(R"({{
    "model_type": "llama", "vocab_size": 300, "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
    "hidden_act": "silu", "rope_theta": 10000, "tie_word_embeddings": {}}})",
                                                   tied),
                                       "small"),
                            "small");
}

TEST(WeightPacking, PacksEachMatrixOnceAndLeavesNoSecondCopy) {
  for (const bool tied : {true, false}) {
    SyntheticWeights weights(1);
    const ModelConfig config = small_config(tied);
    const std::unique_ptr<Model> model = make_model(config, weights, Dtype::bfloat16);
    int plain = 0;
    model->visit_matrices([&](Tensor& tensor) { plain += tensor.is_plain() ? 1 : 0; });
    EXPECT_EQ(plain, 2 * 7 + (tied ? 2 : 1));
    const PackingReport report = pack_weights(*model);
    EXPECT_EQ(report.second_copy_bytes, 0U);
    const std::int64_t layer = 64 * 64 * 2 + 32 * 64 * 2 + 192 * 64 * 3;
    const std::int64_t head = 320 * 64;  // filled up to whole panels
    EXPECT_GE(report.packed_bytes, static_cast<std::size_t>(2 * (2 * layer + head)));
    EXPECT_LE(report.packed_bytes, static_cast<std::size_t>(2 * (2 * layer + head)) + 15 * 4096);
    model->visit_matrices([&](Tensor& tensor) { EXPECT_FALSE(tensor.is_plain()); });
    EXPECT_EQ(pack_weights(*model).packed_bytes, 0U) << "packing again";
  }
}

TEST(WeightPacking, SaysWhatSomeoneElseStillHolds) {
  SyntheticWeights weights(1);
  const std::unique_ptr<Model> model = make_model(small_config(false), weights, Dtype::bfloat16);
  Tensor held;
  model->visit_matrices([&](Tensor& tensor) { held = tensor; });
  const std::vector<float> before = [&] {
    const auto values = held.span<BFloat16>();
    return std::vector<float>(values.begin(), values.end());
  }();
  EXPECT_EQ(pack_weights(*model).second_copy_bytes, held.size_bytes());
  const auto values = held.span<BFloat16>();
  EXPECT_TRUE(std::equal(values.begin(), values.end(), before.begin(),
                         [](BFloat16 a, float b) { return static_cast<float>(a) == b; }));
}

}  // namespace
}  // namespace bv2::engine
