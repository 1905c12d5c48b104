// What a forward costs, by hand.
#include "engine/models/forward_cost.h"

#include <gtest/gtest.h>

#include "engine/loading/synthetic_weights.h"
#include "engine/models/model.h"

namespace bv2::engine {
namespace {

ForwardCost llama_cost(std::string_view extra, std::int64_t* parameters = nullptr) {
  const ModelConfig config = parse_model_config(
      parse_json(R"({"model_type": "llama", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 40,
                     "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
                     "max_position_embeddings": 64)" +
                     std::string(extra) + "}",
                 "test"),
      "test");
  SyntheticWeights synthetic(0);
  NotingWeights weights(synthetic);
  make_model(config, weights, Dtype::bfloat16);
  if (parameters != nullptr) *parameters = parameter_count(weights.taken());
  return forward_cost(config, Dtype::bfloat16, weights.taken());
}

// q and output 16 x 16, k and v 8 x 16, gate, up and down 40 x 16.
constexpr std::int64_t layer_elements = 2 * 16 * 16 + 2 * 8 * 16 + 3 * 40 * 16;
constexpr std::int64_t norm_elements = 3 * 2 * 16 + 16;

TEST(ForwardCost, OfALlamaWithAHeadOfItsOwn) {
  std::int64_t parameters = 0;
  const ForwardCost cost = llama_cost(R"(, "tie_word_embeddings": false)", &parameters);
  EXPECT_EQ(cost.operations_per_token, 2 * 3 * layer_elements);
  EXPECT_EQ(cost.head_operations, 2 * 100 * 16);
  EXPECT_EQ(cost.weight_bytes, 2 * (3 * layer_elements + norm_elements + 100 * 16));
  EXPECT_EQ(parameters, 3 * layer_elements + norm_elements + 2 * 100 * 16);
  ASSERT_EQ(cost.attention.size(), 1U);
  EXPECT_EQ(cost.attention[0].window, 0);
  EXPECT_EQ(cost.attention[0].cache_bytes_per_position, 3 * 2 * 2 * 4 * 2);  // k and v, 2 heads of 4
  EXPECT_EQ(cost.attention[0].operations_per_position, 3 * 4 * 4 * 4);
  EXPECT_EQ(cost.experts, 0);
  EXPECT_TRUE(cost.causal);
}

TEST(ForwardCost, ATiedEmbeddingIsReadByTheHead) {
  const ForwardCost tied = llama_cost(R"(, "tie_word_embeddings": true)");
  const ForwardCost untied = llama_cost(R"(, "tie_word_embeddings": false)");
  EXPECT_EQ(tied.weight_bytes, untied.weight_bytes);
  EXPECT_EQ(tied.head_operations, untied.head_operations);
}

TEST(ForwardCost, LayersWithWindowsAreKeptApart) {
  ModelConfig config;
  config.num_attention_heads = 2;
  config.num_key_value_heads = 1;
  config.head_dim = 8;
  config.layers = {{.sliding_window = 0}, {.sliding_window = 5}, {.sliding_window = 5}};
  const ForwardCost cost = forward_cost(config, Dtype::float32, {});
  ASSERT_EQ(cost.attention.size(), 2U);
  EXPECT_EQ(cost.attention[0].cache_bytes_per_position, 2 * 8 * 4);
  EXPECT_EQ(cost.attention[1].window, 5);
  EXPECT_EQ(cost.attention[1].cache_bytes_per_position, 2 * 2 * 8 * 4);
}

TEST(ForwardCost, ATokenUsesAFewOfTheExperts) {
  ModelConfig config;
  config.num_experts = 4;
  config.num_experts_per_token = 2;
  const std::vector<TakenWeight> taken{{"layers.0.router", {4, 10}, WeightKind::matrix},
                                       {"layers.0.experts.0.up", {6, 10}, WeightKind::matrix},
                                       {"layers.0.experts.1.up", {6, 10}, WeightKind::matrix},
                                       {"layers.0.experts.2.up", {6, 10}, WeightKind::matrix},
                                       {"layers.0.experts.3.up", {6, 10}, WeightKind::matrix},
                                       {"layers.1.up_of_all", {4, 3, 10}, WeightKind::matrix}};
  const ForwardCost cost = forward_cost(config, Dtype::float32, taken);
  EXPECT_EQ(cost.weight_bytes, 4 * 40);
  EXPECT_EQ(cost.expert_bytes, 4 * (60 + 30));
  EXPECT_EQ(cost.operations_per_token, 2 * (40 + 2 * 90));
}

TEST(ForwardCost, WhatIsTakenTwiceCountsOnce) {
  const std::vector<TakenWeight> taken{{"a", {3, 5}, WeightKind::matrix}, {"a", {3, 5}, WeightKind::matrix}};
  EXPECT_EQ(parameter_count(taken), 15);
  EXPECT_EQ(forward_cost({}, Dtype::float32, taken).operations_per_token, 30);
}

}  // namespace
}  // namespace bv2::engine
