// Compiled models on the interpreter of graphs: what is traced, planned and bound computes what eager does.
#include "engine/compiled/compiled_model.h"

#include <gtest/gtest.h>

#include "engine/eager/eager_executor.h"
#include "engine/loading/synthetic_weights.h"
#include "engine/ops/basic.h"
#include "support/graph_interpreter.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

ModelConfig small_config() {
  return parse_model_config(parse_json(R"({"model_type": "llama", "vocab_size": 90, "hidden_size": 32,
      "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
      "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "tie_word_embeddings": true})",
                                       "test"),
                            "test");
}

struct Pair {
  explicit Pair(AttentionPath attention) : context(executor, attention) {
    SyntheticWeights weights(7);
    model = make_model(small_config(), weights, Dtype::float32);
    compiled =
        std::make_unique<CompiledModel>(*model, attention, [this](std::span<const Graph* const> graphs) {
          std::vector<std::unique_ptr<Program>> programs;
          for (const Graph* graph : graphs)
            programs.push_back(std::make_unique<test::GraphInterpreter>(*graph, executor));
          built += static_cast<int>(graphs.size());
          return programs;
        });
  }

  /// A prefill and two steps of both.
  void expect_equal(std::int64_t batch, std::int64_t tokens, const Tensor& padding = {}) {
    KvCache expected_cache = model->make_cache(batch, tokens + 3);
    KvCache cache = model->make_cache(batch, tokens + 3);
    expected_cache.padding = cache.padding = padding;
    Tensor ids(Dtype::int64, {batch, tokens});
    for (std::int64_t i = 0; i < ids.numel(); ++i) ids.data<std::int64_t>()[i] = (i * 31 + 5) % 90;
    for (int step = 0; step < 3; ++step) {
      const Tensor expected = model->forward(context, ids, expected_cache, LogitsOf::last_token);
      const StepResult found = compiled->run(context, ids, cache, LogitsOf::last_token);
      EXPECT_EQ(test::values_of(contiguous(context, found.logits)), test::values_of(expected));
      ids = argmax(context, expected);
      EXPECT_EQ(test::values_of(contiguous(context, found.chosen)), test::values_of(ids));
      EXPECT_EQ(cache.length, expected_cache.length);
    }
  }

  EagerExecutor executor;
  Context context;
  std::unique_ptr<Model> model;
  std::unique_ptr<CompiledModel> compiled;
  int built = 0;
};

TEST(CompiledModel, BuildsNothingAnewForOtherSizes) {
  Pair pair(AttentionPath::sdpa_flash_attention);
  pair.expect_equal(1, 5);
  EXPECT_EQ(pair.built, 2);
  pair.expect_equal(3, 9);
  pair.expect_equal(2, 17);
  pair.expect_equal(1, 1);
  EXPECT_EQ(pair.built, 2);
}

TEST(CompiledModel, RunsEveryAttentionPath) {
  for (const AttentionPath path :
       {AttentionPath::eager, AttentionPath::sdpa_math, AttentionPath::sdpa_efficient_attention})
    Pair(path).expect_equal(2, 6);
}

TEST(CompiledModel, RunsPaddedBatches) {
  const std::vector<std::int64_t> leading{2, 0};
  const Tensor padding = tensor_of<std::int64_t>(leading, {2});
  for (const AttentionPath path : {AttentionPath::eager, AttentionPath::sdpa_flash_attention})
    Pair(path).expect_equal(2, 6, padding);
}

TEST(CompiledModel, SaysWhatItMade) {
  Pair pair(AttentionPath::sdpa_flash_attention);
  pair.expect_equal(1, 5);
  const std::vector<GraphFacts> facts = pair.compiled->facts();
  ASSERT_EQ(facts.size(), 2);
  EXPECT_EQ(facts[0].name, "prefill");
  EXPECT_EQ(facts[1].name, "decode");
  for (const GraphFacts& graph : facts) {
    // Rotary angles once, attention in each layer.
    EXPECT_EQ(graph.calls, 3);
    EXPECT_GT(graph.groups, 0);
    EXPECT_LT(graph.groups + graph.products + graph.calls + graph.others, graph.nodes_traced / 2);
    EXPECT_GT(graph.arena_bytes, 0);
    EXPECT_LT(graph.arena_bytes, graph.unplanned_bytes / 2);
  }
}

TEST(CompiledModel, RefusesMoreTokensThanTheCacheHolds) {
  Pair pair(AttentionPath::sdpa_flash_attention);
  KvCache cache = pair.model->make_cache(1, 3);
  EXPECT_THROW(
      (void)pair.compiled->run(pair.context, Tensor(Dtype::int64, {1, 4}), cache, LogitsOf::last_token),
      Error);
}

}  // namespace
}  // namespace bv2::engine::compiled
