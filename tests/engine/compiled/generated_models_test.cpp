// Generated code of every family: against the outputs of Hugging Face transformers where a fixture has them,
// against eager mode where not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/compiled/compiled_model.h"
#include "engine/compiled/program_builder.h"
#include "engine/eager/eager_executor.h"
#include "engine/generation/greedy.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/loading/checkpoint.h"
#include "engine/ops/basic.h"
#include "support/allocation_count.h"
#include "support/data.h"
#include "support/family_models.h"
#include "support/model_bounds.h"
#include "support/model_reference.h"
#include "support/quick_toolchain.h"
#include "support/small_models.h"
#include "support/temporary_folder.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

/// A model as a session runs it: weights packed, kernels for what stays whole.
struct Generated {
  Generated(std::unique_ptr<Model> of, AttentionPath attention, bool one_team = false)
      : model(std::move(of)), context(executor, attention, &kernels) {
    pack_weights(*model);
    kernels.table = kernels_for(model->dtype());
    const auto build = [this, one_team](std::span<const Graph* const> graphs) {
      std::vector<BuildRequest> requests;
      for (const Graph* graph : graphs)
        requests.push_back(
            {.graph = graph, .title = graph->name, .options = {.one_team = one_team, .choices = {}}});
      auto programs = build_programs(requests, builder, 2);
      return std::vector<std::unique_ptr<Program>>(std::make_move_iterator(programs.begin()),
                                                   std::make_move_iterator(programs.end()));
    };
    compiled = std::make_unique<CompiledModel>(*model, attention, build);
  }

  test::TemporaryFolder folder;
  DiskCache cache{folder.path()};
  CodeBuilder builder{test::quick_toolchain(), cache, [](std::string_view line) { FAIL() << line; }};
  std::unique_ptr<Model> model;
  KernelSet kernels;
  EagerExecutor executor;
  Context context;
  std::unique_ptr<CompiledModel> compiled;
};

/// Within 1e-4 of the value, or of 1, as everything in float32 is.
void expect_near(const Tensor& found, const Tensor& expected) {
  ASSERT_EQ(found.shape(), expected.shape());
  const std::vector<double> values = test::values_of(found);
  const std::vector<double> wanted = test::values_of(expected);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(values[i], wanted[i], 1e-4 * std::max(1.0, std::abs(wanted[i]))) << "element " << i;
}

class GeneratedFixture : public testing::TestWithParam<const char*> {
 protected:
  static void compare();
};

void GeneratedFixture::compare() {
  const std::filesystem::path folder = test::data_dir() / "models" / GetParam();
  const test::ModelReference reference = test::read_model_reference(folder / "expected.safetensors");
  Checkpoint weights(folder);
  Generated generated(make_model(read_model_config(folder), weights, Dtype::float32),
                      AttentionPath::sdpa_flash_attention);
  const std::int64_t batch = reference.input_ids.size(0);
  const std::int64_t tokens = reference.input_ids.size(1);
  const bool decodes = generated.model->config().causal;
  const std::int64_t new_tokens = decodes ? reference.generated_ids.size(1) : 0;
  std::vector<GraphKind> kinds{{.logits = LogitsOf::all_tokens}};
  if (decodes) kinds.push_back({.one_token = true});
  generated.compiled->prepare(kinds);
  KvCache cache = generated.model->make_cache(batch, tokens + new_tokens);
  const StepResult prompt =
      generated.compiled->run(generated.context, reference.input_ids, cache, LogitsOf::all_tokens);
  const Tensor hidden_or_logits = contiguous(generated.context, prompt.logits);
  expect_near(hidden_or_logits, decodes ? reference.logits : reference.last_hidden_state);
  if (!decodes) return;
  Tensor next = argmax(generated.context, hidden_or_logits.slice(1, tokens - 1, tokens));
  for (std::int64_t token = 0; token < new_tokens; ++token) {
    for (std::int64_t row = 0; row < batch; ++row)
      ASSERT_EQ(next.data<std::int64_t>()[row],
                reference.generated_ids.data<std::int64_t>()[row * new_tokens + token])
          << "row " << row << ", token " << token;
    if (token + 1 == new_tokens) break;
    const StepResult step = generated.compiled->run(generated.context, next, cache, LogitsOf::last_token);
    next = Tensor(Dtype::int64, {batch, 1});
    std::ranges::copy(step.chosen.span<std::int64_t>(), next.data<std::int64_t>());
  }
}

TEST_P(GeneratedFixture, EqualsTransformers) { compare(); }

// What `verify` runs in the tests of the program, for every fixture.
using SlowGeneratedFixture = GeneratedFixture;
TEST_P(SlowGeneratedFixture, EqualsTransformers) { compare(); }

std::string fixture_name(const testing::TestParamInfo<const char*>& info) {
  std::string text = info.param;
  std::ranges::replace(text, '-', '_');
  return text;
}

INSTANTIATE_TEST_SUITE_P(Some, GeneratedFixture, testing::Values("llama", "bert"), fixture_name);
INSTANTIATE_TEST_SUITE_P(Decoders, SlowGeneratedFixture, testing::ValuesIn(test::decoder_fixtures),
                         fixture_name);
INSTANTIATE_TEST_SUITE_P(Encoders, SlowGeneratedFixture, testing::Values("bert"), fixture_name);

struct Case {
  std::string model;
  AttentionPath attention = AttentionPath::sdpa_flash_attention;
  bool padding = false;
  bool one_team = false;
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return fmt::format("{}_path{}{}{}", info.param.model, static_cast<int>(info.param.attention),
                     info.param.padding ? "_padded" : "", info.param.one_team ? "_one_team" : "");
}

class GeneratedFamily : public testing::TestWithParam<Case> {
 protected:
  /// A prefill, or an encoder's forward, and two steps.
  static void compare() {
    const auto& [name, attention, padded, one_team] = GetParam();
    const std::unique_ptr<Model> model = test::make_small_model(name, Dtype::float32);
    Generated generated(test::make_small_model(name, Dtype::float32), attention, one_team);
    EagerExecutor executor;
    Context context(executor, attention);
    const bool decodes = model->config().causal;
    const LogitsOf which = decodes ? LogitsOf::last_token : LogitsOf::all_tokens;
    std::vector<GraphKind> kinds{{.padding = padded, .logits = which}};
    if (decodes) kinds.push_back({.one_token = true, .padding = padded});
    generated.compiled->prepare(kinds);
    constexpr std::int64_t tokens = 13;
    KvCache expected_cache = model->make_cache(2, tokens + 2);
    KvCache cache = model->make_cache(2, tokens + 2);
    if (padded)
      cache.padding = expected_cache.padding = tensor_of<std::int64_t>(std::vector<std::int64_t>{4, 0}, {2});
    Tensor ids(Dtype::int64, {2, tokens});
    for (std::int64_t i = 0; i < ids.numel(); ++i) ids.data<std::int64_t>()[i] = (i * 37 + 11) % 320;
    for (int step = 0; step < (decodes ? 3 : 1); ++step) {
      Tensor expected = model->forward(context, ids, expected_cache, which);
      Tensor found =
          contiguous(context, generated.compiled->run(generated.context, ids, cache, which).logits);
      // What an encoder gives at padding means nothing.
      if (padded && !decodes) {
        expected = contiguous(context, expected.slice(1, 4, tokens));
        found = contiguous(context, found.slice(1, 4, tokens));
      }
      expect_near(found, expected);
      if (HasFatalFailure()) return;
      ids = argmax(context, expected);
    }
  }
};

TEST_P(GeneratedFamily, EqualsEager) { compare(); }

using SlowGeneratedFamily = GeneratedFamily;
TEST_P(SlowGeneratedFamily, EqualsEager) { compare(); }

INSTANTIATE_TEST_SUITE_P(WithoutFixture, GeneratedFamily,
                         testing::Values(Case{.model = "llama_with_biases"}, Case{.model = "qwen3_moe"},
                                         Case{.model = "olmo2"}, Case{.model = "smollm3"},
                                         Case{.model = "smollm3", .attention = AttentionPath::eager},
                                         Case{.model = "roberta"}, Case{.model = "distilbert"}),
                         case_name);

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const std::string& model : test::small_models()) {
    for (const AttentionPath attention :
         {AttentionPath::eager, AttentionPath::sdpa_math, AttentionPath::sdpa_flash_attention,
          AttentionPath::sdpa_efficient_attention})
      for (const bool padding : {false, true}) all.push_back({model, attention, padding, false});
    all.push_back({.model = model, .one_team = true});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, SlowGeneratedFamily, testing::ValuesIn(all_cases()), case_name);

using Ids = std::vector<std::int64_t>;

/// What a batch of texts gives as one, the shorter ones padded on the left, and what each gives alone,
/// eagerly.
class CompiledPaddedBatch : public testing::TestWithParam<std::string> {
 protected:
  static void compare();

  /// A row an element.
  static std::vector<Ids> generate(ModelRunner& runner, KvCache& cache, const Tensor& prompt) {
    std::vector<Ids> rows(static_cast<std::size_t>(prompt.size(0)));
    const auto keep = [&](std::span<const std::int64_t> tokens) {
      for (std::size_t row = 0; row < tokens.size(); ++row) rows[row].push_back(tokens[row]);
    };
    generate_greedy(runner, cache, prompt, new_tokens, {.on_tokens = keep, .on_logits = {}});
    return rows;
  }

  static constexpr std::int64_t new_tokens = 12;
};

void CompiledPaddedBatch::compare() {
  const test::FamilyModel family = test::load_family_model(GetParam(), Dtype::float32);
  if (!family.model->config().causal) return;  // an encoder generates nothing
  const std::int64_t longest = family.ids.size(1);
  const Ids lengths{9, longest, 1, 16};
  const auto batch = static_cast<std::int64_t>(lengths.size());
  Tensor prompt(Dtype::int64, {batch, longest});
  Tensor padding(Dtype::int64, {batch});
  std::ranges::fill(prompt.span<std::int64_t>(), 0);
  Generated generated(test::load_family_model(GetParam(), Dtype::float32).model,
                      AttentionPath::sdpa_flash_attention);
  EagerExecutor executor;
  Context context(executor, AttentionPath::sdpa_flash_attention);
  std::vector<Ids> alone;
  for (std::int64_t row = 0; row < batch; ++row) {
    const std::int64_t length = lengths[static_cast<std::size_t>(row)];
    const auto text = family.ids.span<std::int64_t>().subspan(static_cast<std::size_t>(row),
                                                              static_cast<std::size_t>(length));
    padding.data<std::int64_t>()[row] = longest - length;
    std::ranges::copy(text, prompt.data<std::int64_t>() + (row + 1) * longest - length);
    DirectRunner runner(context, *family.model);
    KvCache cache = family.model->make_cache(1, length + new_tokens);
    alone.push_back(generate(runner, cache, tensor_of<std::int64_t>(text, {1, length})).at(0));
  }
  generated.compiled->prepare(
      std::vector<GraphKind>{{.padding = true}, {.one_token = true, .padding = true}});
  CompiledRunner runner(*generated.compiled, generated.context);
  KvCache cache = generated.model->make_cache(batch, longest + new_tokens);
  cache.padding = padding;
  EXPECT_EQ(generate(runner, cache, prompt), alone);
}

TEST_P(CompiledPaddedBatch, GivesEachRowTheIdsThatItGetsAlone) { compare(); }

using SlowCompiledPaddedBatch = CompiledPaddedBatch;
TEST_P(SlowCompiledPaddedBatch, GivesEachRowTheIdsThatItGetsAlone) { compare(); }

const auto family_name = [](const testing::TestParamInfo<std::string>& info) {
  std::string text = info.param;
  std::ranges::replace(text, '-', '_');
  return text;
};

INSTANTIATE_TEST_SUITE_P(Some, CompiledPaddedBatch, testing::Values("llama", "mixtral"), family_name);
INSTANTIATE_TEST_SUITE_P(EveryFamily, SlowCompiledPaddedBatch, testing::ValuesIn(test::family_models()),
                         family_name);

struct AllocationCase {
  std::string model;
  bool padding = false;
  bool one_team = false;
};

class DecodeAllocations : public testing::TestWithParam<AllocationCase> {};

TEST_P(DecodeAllocations, AreNone) {
  if (!test::counts_allocations()) GTEST_SKIP() << "a sanitizer has its own allocator";
  const auto& [name, padded, one_team] = GetParam();
  Generated generated(test::make_small_model(name, Dtype::float32), AttentionPath::sdpa_flash_attention,
                      one_team);
  constexpr std::int64_t steps = 40;
  KvCache cache = generated.model->make_cache(2, steps);
  if (padded) cache.padding = tensor_of<std::int64_t>(std::vector<std::int64_t>{3, 0}, {2});
  const Tensor ids = tensor_of<std::int64_t>(std::vector<std::int64_t>{5, 7}, {2, 1});
  // The first step makes what the others use; libraries settle in the next.
  for (int step = 0; step < 3; ++step)
    (void)generated.compiled->run(generated.context, ids, cache, LogitsOf::last_token);
  const std::int64_t before = test::allocation_count();
  for (std::int64_t step = 3; step < steps; ++step)
    (void)generated.compiled->run(generated.context, ids, cache, LogitsOf::last_token);
  EXPECT_EQ(test::allocation_count() - before, 0);
  const Tensor counted(Dtype::float32, {4});
  EXPECT_GT(test::allocation_count(), before) << "counting works";
}

INSTANTIATE_TEST_SUITE_P(Models, DecodeAllocations,
                         testing::Values(AllocationCase{.model = "llama"},
                                         AllocationCase{.model = "llama", .padding = true, .one_team = true},
                                         AllocationCase{.model = "gpt2", .padding = true}),
                         [](const auto& info) {
                           return fmt::format("{}{}{}", info.param.model, info.param.padding ? "_padded" : "",
                                              info.param.one_team ? "_one_team" : "");
                         });

}  // namespace
}  // namespace bv2::engine::compiled
