// The graphs of every family: as golden text, and held against the forward that they were traced from.
#include "engine/compiled/model_graphs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "engine/compiled/constant_reach.h"
#include "engine/compiled/passes/passes.h"
#include "engine/eager/eager_executor.h"
#include "support/data.h"
#include "support/graph_interpreter.h"
#include "support/small_models.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

/// The memory of a cache, by the names that its graphs give it.
std::map<std::string, Tensor> states_of(const KvCache& cache) {
  std::map<std::string, Tensor> states;
  for (std::size_t layer = 0; layer < cache.layers.size(); ++layer) {
    states[fmt::format("keys.{}", layer)] = cache.layers[layer].keys;
    states[fmt::format("values.{}", layer)] = cache.layers[layer].values;
  }
  return states;
}

struct Case {
  std::string model;
  AttentionPath attention;
  bool padding;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::string& model : test::small_models())
    for (const AttentionPath attention : {AttentionPath::eager, AttentionPath::sdpa_flash_attention})
      for (const bool padding : {false, true}) all.push_back({model, attention, padding});
  return all;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return fmt::format("{}_path{}{}", info.param.model, static_cast<int>(info.param.attention),
                     info.param.padding ? "_padded" : "");
}

Tensor some_ids(std::int64_t batch, std::int64_t tokens) {
  Tensor ids(Dtype::int64, {batch, tokens});
  for (std::int64_t i = 0; i < ids.numel(); ++i) ids.data<std::int64_t>()[i] = (i * 37 + 11) % 320;
  return ids;
}

class ModelGraphs : public testing::TestWithParam<Case> {
 protected:
  ModelGraphs() {
    if (GetParam().padding) padding_ = tensor_of<std::int64_t>(std::vector<std::int64_t>{3, 0}, {2});
  }

  /// What the graph gives for these ids, with the forward's own results.
  void expect_same(const GraphKind& kind, const Tensor& ids, KvCache& cache, KvCache& expected_cache) {
    const Sizes sizes{
        .batch = ids.size(0), .tokens = ids.size(1), .past = cache.length, .capacity = cache.capacity};
    expected_ = model_->forward(context_, ids, expected_cache, kind.logits);
    Graph graph = trace_model(*model_, GetParam().attention, kind);
    optimise(graph);
    std::map<std::string, Tensor> given = states_of(cache);
    given["ids"] = ids;
    given["padding"] = padding_;
    results_ = test::interpret(graph, sizes, given, executor_);
    ASSERT_EQ(results_[0].shape(), expected_.shape());
    EXPECT_EQ(test::values_of(results_[0]), test::values_of(expected_));
    cache.length = expected_cache.length;
  }

  std::unique_ptr<Model> model_ = test::make_small_model(GetParam().model, Dtype::float32);
  EagerExecutor executor_;
  Context context_{executor_, GetParam().attention};
  Tensor padding_;
  Tensor expected_;
  std::vector<Tensor> results_;
};

// The same operations on the same values: passes move operations and rows, and round nothing otherwise.
TEST_P(ModelGraphs, ComputeWhatTheForwardComputes) {
  constexpr std::int64_t tokens = 12;
  KvCache expected_cache = model_->make_cache(2, tokens + 3);
  KvCache cache = model_->make_cache(2, tokens + 3);
  expected_cache.padding = cache.padding = padding_;
  Tensor next = some_ids(2, tokens);
  if (!model_->config().causal) {
    expect_same({.padding = GetParam().padding, .logits = LogitsOf::all_tokens}, next, cache, expected_cache);
    EXPECT_EQ(results_.size(), 1U);
    return;
  }
  for (const bool one_token : {false, true, true}) {
    expect_same({.one_token = one_token, .padding = GetParam().padding}, next, cache, expected_cache);
    if (HasFatalFailure()) return;
    const Tensor chosen = context_.execute(BasicOp::argmax, {expected_});
    EXPECT_EQ(test::values_of(results_[1]), test::values_of(chosen));
    next = chosen;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, ModelGraphs, testing::ValuesIn(cases()), case_name);

class GoldenGraphs : public testing::TestWithParam<std::string> {};

// A change that loses a fusion is seen here. BV2_UPDATE_GOLDEN=1 writes the texts instead of comparing.
TEST_P(GoldenGraphs, AreAsTheyWere) {
  const std::unique_ptr<Model> model = test::make_small_model(GetParam(), Dtype::float32);
  const std::vector<GraphKind> kinds = model->config().causal
                                           ? std::vector<GraphKind>{{}, {.one_token = true}}
                                           : std::vector<GraphKind>{{.logits = LogitsOf::all_tokens}};
  std::string text;
  for (const GraphKind& kind : kinds) {
    Graph graph = trace_model(*model, AttentionPath::sdpa_flash_attention, kind);
    optimise(graph);
    text += to_text(graph);
  }
  const std::filesystem::path path = test::data_dir() / "graphs" / fmt::format("{}.txt", GetParam());
  if (std::getenv("BV2_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, golden) << "BV2_UPDATE_GOLDEN=1 writes " << path;
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenGraphs, testing::ValuesIn(test::small_models()),
                         [](const auto& info) { return info.param; });

TEST(ModelGraphs, TellMixturesOfExpertsApart) {
  const std::unique_ptr<Model> model = test::make_small_model("mixtral", Dtype::float32);
  const Graph graph = trace_model(*model, AttentionPath::sdpa_flash_attention, {.one_token = true});
  std::vector<const Call*> mixtures;
  for (const Node& node : graph.nodes)
    if (node.kind == NodeKind::call && node.call->name() == "expert_mixture")
      mixtures.push_back(node.call.get());
  ASSERT_EQ(mixtures.size(), 2U) << "one a layer";
  EXPECT_EQ(mixtures[0]->parameters(), "experts=4, width=112, chosen=2, silu, normalized");
  EXPECT_TRUE(mixtures[0]->equals(*mixtures[0]));
  EXPECT_FALSE(mixtures[0]->equals(*mixtures[1])) << "their weights differ";
}

TEST(ModelGraphs, ReadNoPositionThatTheModelDoesNotHave) {
  const std::unique_ptr<Model> model = test::make_small_model("gpt2", Dtype::float32);
  const ConstantReach reach(trace_model(*model, AttentionPath::sdpa_flash_attention, {}));
  EXPECT_NO_THROW(reach.check({.batch = 1, .tokens = 56, .past = 200, .capacity = 300}));
  EXPECT_THROW(reach.check({.batch = 1, .tokens = 57, .past = 200, .capacity = 300}), Error);
}

}  // namespace
}  // namespace bv2::engine::compiled
