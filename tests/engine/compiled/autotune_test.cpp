// The choice between ways to print a graph: how it is made, that it is kept, and that all ways agree.
#include "engine/compiled/autotune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "engine/compiled/compiled_model.h"
#include "engine/compiled/passes/passes.h"
#include "engine/compiled/program_builder.h"
#include "engine/eager/eager_executor.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/ops/basic.h"
#include "support/quick_toolchain.h"
#include "support/small_models.h"
#include "support/temporary_folder.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

namespace fs = std::filesystem;

std::vector<Candidate> some_candidates(std::size_t count) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < count; ++i) candidates.push_back({.name = std::to_string(i), .options = {}});
  return candidates;
}

TEST(Autotune, TheSmallestMedianWins) {
  std::vector<Candidate> candidates = some_candidates(3);
  std::map<std::size_t, int> runs;
  const auto time = [&](std::size_t i) {
    // The second is disturbed now and then, the third is mostly slow with a lucky run.
    ++runs[i];
    if (i == 0) return 0.010;
    if (i == 1) return runs[i] % 4 == 0 ? 1.0 : 0.008;
    return runs[i] == 2 ? 0.001 : 0.012;
  };
  EXPECT_EQ(fastest(candidates, time), 1U);
  EXPECT_EQ(candidates[0].seconds, 0.010);
  EXPECT_EQ(candidates[1].seconds, 0.008);
  EXPECT_EQ(candidates[2].seconds, 0.012);
}

TEST(Autotune, WhatIsNoFasterThanTheFirstDoesNotReplaceIt) {
  std::vector<Candidate> candidates = some_candidates(2);
  EXPECT_EQ(fastest(candidates, [](std::size_t i) { return i == 0 ? 0.01 : 0.00995; }), 0U);
}

TEST(Autotune, WhatIsMuchSlowerIsNotTimedForLong) {
  std::vector<Candidate> candidates = some_candidates(2);
  std::map<std::size_t, int> runs;
  const auto time = [&](std::size_t i) {
    ++runs[i];
    return i == 0 ? 0.01 : 0.02;
  };
  EXPECT_EQ(fastest(candidates, time), 0U);
  EXPECT_EQ(runs[1], 1 + 3) << "once to warm up, then three rounds";
  EXPECT_GT(runs[0], 10);
}

TEST(Autotune, CandidatesHaveNamesOfTheirOwnAndTheUntunedOneFirst) {
  for (const bool one_token : {false, true}) {
    for (const std::int64_t batch : {1, 3, 6}) {
      std::set<std::string> names;
      const auto candidates = candidates_for({.one_token = one_token}, batch);
      for (const Candidate& candidate : candidates) names.insert(candidate.name);
      EXPECT_EQ(names.size(), candidates.size());
      EXPECT_EQ(candidates[0].options.choices, CodeChoices());
      EXPECT_TRUE(candidates[0].options.one_team);
    }
  }
}

/// A small model to tune, with a cache of its own.
class TunedModel : public testing::Test {
 protected:
  TunedModel() : model_(test::make_small_model("llama", Dtype::bfloat16)) {
    pack_weights(*model_);
    kernels_.table = kernels_for(Dtype::bfloat16);
    for (const GraphKind& kind : all_kinds) {
      graphs_.push_back(trace_model(*model_, AttentionPath::sdpa_flash_attention, kind));
      optimise(graphs_.back());
    }
    workload_ = {.model = model_.get(),
                 .attention = AttentionPath::sdpa_flash_attention,
                 .kinds = {all_kinds[0]},
                 .ids = tensor_of<std::int64_t>(std::vector<std::int64_t>{3, 1, 4, 1, 5, 9}, {2, 3}),
                 .padding = {},
                 .new_tokens = 4,
                 .context = &context_};
  }

  Tuning tune() {
    std::vector<const Graph*> graphs;
    for (std::size_t i = 0; i < workload_.kinds.size(); ++i) graphs.push_back(&graphs_[i]);
    return tuned(graphs, workload_, builder_, 2);
  }

  static constexpr std::array all_kinds{GraphKind{}, GraphKind{.one_token = true}};
  test::TemporaryFolder folder_;
  DiskCache disk_{folder_.path()};
  CodeBuilder builder_{test::quick_toolchain(), disk_, [](std::string_view line) { FAIL() << line; }};
  std::unique_ptr<Model> model_;
  KernelSet kernels_;
  EagerExecutor executor_;
  Context context_{executor_, AttentionPath::sdpa_flash_attention, &kernels_};
  std::vector<Graph> graphs_;
  TuningWorkload workload_;
};

TEST_F(TunedModel, TheChoiceIsKeptAndOneThatIsDamagedIsMadeAgain) {
  const Tuning first = tune();
  EXPECT_FALSE(first.from_cache);
  ASSERT_EQ(first.graphs.size(), 1U);
  EXPECT_EQ(first.graphs[0].graph, "prefill");
  for (const TunedGraph& graph : first.graphs) {
    EXPECT_GE(graph.candidates.size(), 2U);
    for (const Candidate& candidate : graph.candidates) EXPECT_GT(candidate.seconds, 0) << candidate.name;
    EXPECT_EQ(first.options_of(graph.graph).choices, graph.candidates[graph.winner].options.choices);
  }
  EXPECT_THROW((void)first.options_of("forward"), Error);

  const Tuning second = tune();
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(second.graphs[0].winner, first.graphs[0].winner);
  EXPECT_EQ(second.graphs[0].candidates[1].seconds, first.graphs[0].candidates[1].seconds);

  int damaged = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder_.path())) {
    if (file.path().filename() != "choice.json") continue;
    fs::resize_file(file.path(), 10);
    ++damaged;
  }
  ASSERT_EQ(damaged, 1);
  const Tuning third = tune();
  EXPECT_FALSE(third.from_cache);
  EXPECT_THAT(third.damage, testing::HasSubstr("choice.json"));
  EXPECT_TRUE(tune().from_cache);

  // Another batch is another choice, a length of the same power of two is not.
  workload_.ids = tensor_of<std::int64_t>(std::vector<std::int64_t>{3, 1, 4, 1, 5, 9, 2, 6}, {2, 4});
  EXPECT_TRUE(tune().from_cache);
  workload_.ids = tensor_of<std::int64_t>(std::vector<std::int64_t>{3, 1, 4, 1}, {1, 4});
  EXPECT_FALSE(tune().from_cache);
}

TEST_F(TunedModel, SlowPrefillAndStepAreTunedTogether) {
  workload_.kinds = {all_kinds.begin(), all_kinds.end()};
  const Tuning tuning = tune();
  ASSERT_EQ(tuning.graphs.size(), 2U);
  EXPECT_EQ(tuning.graphs[1].graph, "decode");
  EXPECT_GT(tuning.graphs[1].candidates.size(), tuning.graphs[0].candidates.size());
  for (const TunedGraph& graph : tuning.graphs)
    for (const Candidate& candidate : graph.candidates) EXPECT_GT(candidate.seconds, 0) << candidate.name;
}

/// In bfloat16, summed in float32 in one order or another: the results round differently at most. A logit's
/// chain of roundings is that of tests/support/model_bounds.h.
TEST_F(TunedModel, SlowEveryCandidateComputesTheSame) {
  std::map<std::string, std::vector<double>> logits;
  for (std::size_t graph = 0; graph < 2; ++graph) {
    const auto candidates = candidates_for(all_kinds[graph], 6);
    for (const Candidate& candidate : candidates) {
      CompiledModel model(
          *model_, AttentionPath::sdpa_flash_attention, [&](std::span<const Graph* const> of) {
            const std::array requests{
                BuildRequest{.graph = of[0], .title = candidate.name, .options = candidate.options}};
            std::vector<std::unique_ptr<Program>> built;
            built.push_back(std::move(build_programs(requests, builder_, 1)[0]));
            return built;
          });
      KvCache cache = model_->make_cache(6, 8);
      Tensor ids(Dtype::int64, {6, graph == 0 ? 5 : 1});
      for (std::int64_t i = 0; i < ids.numel(); ++i) ids.data<std::int64_t>()[i] = (i * 37 + 11) % 320;
      const StepResult step = model.run(context_, ids, cache, LogitsOf::last_token);
      const std::vector<double> found = test::values_of(contiguous(context_, step.logits));
      const std::vector<double>& first =
          logits.emplace(candidates[0].name + std::to_string(graph), found).first->second;
      ASSERT_EQ(found.size(), first.size());
      double squares = 0;
      for (const double value : first) squares += value * value;
      const double size = std::sqrt(squares / static_cast<double>(first.size()));
      const double roundings = 24 * 2 + 4;
      const double bound = roundings * info(Dtype::bfloat16).epsilon / 2 * size;
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_TRUE(std::isfinite(found[i]));
        ASSERT_NEAR(found[i], first[i], bound) << candidate.name << ", logit " << i;
      }
    }
  }
}

}  // namespace
}  // namespace bv2::engine::compiled
