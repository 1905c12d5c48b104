// config.json of every family, in the older form (tests/data/configs) and in that of transformers 5
// (tests/data/models).
#include "engine/loading/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "support/data.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2::engine {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ModelConfig older(std::string_view name) {
  const auto path = test::data_dir() / "configs" / (std::string(name) + ".json");
  return parse_model_config(read_json(path), path.string());
}
ModelConfig newer(std::string_view name) { return read_model_config(test::data_dir() / "models" / name); }

/// Layers with a window, layers without rotation, layers with experts.
struct Counts {
  std::int64_t sliding = 0;
  std::int64_t unrotated = 0;
  std::int64_t experts = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};
Counts counts_of(const ModelConfig& config) {
  Counts counts;
  for (const LayerConfig& layer : config.layers) {
    counts.sliding += layer.sliding_window != 0 ? 1 : 0;
    counts.unrotated += layer.rotary ? 0 : 1;
    counts.experts += layer.experts ? 1 : 0;
  }
  return counts;
}

struct Sizes {
  std::int64_t vocab, hidden, intermediate, layers, heads, kv_heads, head_dim, positions;
};
void expect_sizes(const ModelConfig& config, const Sizes& sizes) {
  EXPECT_EQ(config.vocab_size, sizes.vocab);
  EXPECT_EQ(config.hidden_size, sizes.hidden);
  EXPECT_EQ(config.intermediate_size, sizes.intermediate);
  EXPECT_EQ(config.num_hidden_layers, sizes.layers);
  EXPECT_EQ(config.layers.size(), static_cast<std::size_t>(sizes.layers));
  EXPECT_EQ(config.num_attention_heads, sizes.heads);
  EXPECT_EQ(config.num_key_value_heads, sizes.kv_heads);
  EXPECT_EQ(config.head_dim, sizes.head_dim);
  EXPECT_EQ(config.max_position_embeddings, sizes.positions);
}

TEST(ModelConfig, Llama) {
  const ModelConfig config = newer("llama");
  expect_sizes(config, {320, 64, 112, 3, 4, 2, 16, 256});
  EXPECT_EQ(config.model_type, "llama");
  EXPECT_DOUBLE_EQ(config.norm_epsilon, 1e-6);
  EXPECT_DOUBLE_EQ(config.attention_scale, 0.25);
  EXPECT_FALSE(config.tie_word_embeddings || config.attention_bias || config.mlp_bias);
  EXPECT_EQ(config.rope.rope_type, "default");
  EXPECT_DOUBLE_EQ(config.rope.theta, 10000);
  EXPECT_EQ(config.raw.at("hidden_act"), "silu");

  const ModelConfig smollm = older("smollm2-135m");
  expect_sizes(smollm, {49152, 576, 1536, 30, 9, 3, 64, 8192});
  EXPECT_DOUBLE_EQ(smollm.rope.theta, 100000);
  EXPECT_TRUE(smollm.tie_word_embeddings);
  EXPECT_DOUBLE_EQ(smollm.norm_epsilon, 1e-5);
}

TEST(ModelConfig, LlamaWithLlama3RopeInBothForms) {
  const ModelConfig config = newer("llama3-rope");
  EXPECT_EQ(config.rope.rope_type, "llama3");
  EXPECT_DOUBLE_EQ(config.rope.theta, 500000);
  EXPECT_EQ(config.rope.parameters.at("factor"), 8.0);
  EXPECT_EQ(config.rope.parameters.at("original_max_position_embeddings"), 32);
  EXPECT_TRUE(config.tie_word_embeddings);

  const ModelConfig hub = older("llama3.2-1b");
  expect_sizes(hub, {128256, 2048, 8192, 16, 32, 8, 64, 131072});
  EXPECT_EQ(hub.rope.rope_type, "llama3");
  EXPECT_DOUBLE_EQ(hub.rope.theta, 500000);
  EXPECT_EQ(hub.rope.parameters.at("factor"), 32.0);
  EXPECT_EQ(hub.rope.parameters.at("low_freq_factor"), 1.0);
  EXPECT_EQ(hub.rope.parameters.at("high_freq_factor"), 4.0);
  EXPECT_EQ(hub.rope.parameters.at("original_max_position_embeddings"), 8192);
}

TEST(ModelConfig, Mistral) {
  const ModelConfig config = newer("mistral-sliding");
  expect_sizes(config, {320, 64, 112, 3, 4, 2, 16, 256});
  EXPECT_EQ(config.sliding_window, 8);
  EXPECT_EQ(counts_of(config), (Counts{.sliding = 3}));
  const ModelConfig hub = older("mistral-7b");
  expect_sizes(hub, {32000, 4096, 14336, 32, 32, 8, 128, 32768});
  EXPECT_EQ(hub.layers.front().sliding_window, 4096);
}

TEST(ModelConfig, Qwen2) {
  const ModelConfig config = newer("qwen2");
  EXPECT_TRUE(config.attention_bias);
  EXPECT_FALSE(config.attention_output_bias);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ(counts_of(config), Counts{});
  const ModelConfig hub = older("qwen2.5-0.5b");
  expect_sizes(hub, {151936, 896, 4864, 24, 14, 2, 64, 32768});
  EXPECT_DOUBLE_EQ(hub.rope.theta, 1e6);
  EXPECT_EQ(hub.sliding_window, 0);  // there, but not used
}

TEST(ModelConfig, Qwen3) {
  const ModelConfig config = newer("qwen3");
  expect_sizes(config, {320, 64, 112, 3, 4, 2, 32, 256});
  EXPECT_EQ(config.query_key_norm, QueryKeyNorm::per_head);
  EXPECT_FALSE(config.attention_bias);
  expect_sizes(older("qwen3-0.6b"), {151936, 1024, 3072, 28, 16, 8, 128, 40960});
}

TEST(ModelConfig, Qwen3Moe) {
  const ModelConfig config = older("qwen3-30b-a3b");
  expect_sizes(config, {151936, 2048, 6144, 48, 32, 4, 128, 40960});
  EXPECT_EQ(counts_of(config), (Counts{.experts = 48}));
  EXPECT_EQ(config.num_experts, 128);
  EXPECT_EQ(config.num_experts_per_token, 8);
  EXPECT_EQ(config.moe_intermediate_size, 768);
  EXPECT_TRUE(config.normalize_expert_weights);
  EXPECT_EQ(config.query_key_norm, QueryKeyNorm::per_head);
}

TEST(ModelConfig, Mixtral) {
  const ModelConfig config = newer("mixtral");
  expect_sizes(config, {320, 64, 112, 3, 4, 2, 16, 256});  // head_dim is null
  EXPECT_EQ(counts_of(config), (Counts{.experts = 3}));
  EXPECT_EQ(config.num_experts, 4);
  EXPECT_EQ(config.num_experts_per_token, 2);
  EXPECT_EQ(config.moe_intermediate_size, 112);
  EXPECT_TRUE(config.normalize_expert_weights);
  EXPECT_DOUBLE_EQ(config.rope.theta, 1e6);
  EXPECT_EQ(older("mixtral-8x7b").num_experts, 8);
}

TEST(ModelConfig, Gemma2) {
  const ModelConfig config = newer("gemma2");
  expect_sizes(config, {320, 64, 112, 3, 4, 2, 24, 256});
  EXPECT_EQ(config.activation, Activation::gelu_tanh);
  EXPECT_DOUBLE_EQ(config.attention_softcap, 50);
  EXPECT_DOUBLE_EQ(config.final_softcap, 30);
  EXPECT_DOUBLE_EQ(config.attention_scale, 1 / std::sqrt(24.0));
  EXPECT_EQ(config.layers[0].sliding_window, 8);
  EXPECT_EQ(config.layers[1].sliding_window, 0);
  EXPECT_TRUE(config.tie_word_embeddings);

  const ModelConfig hub = older("gemma-2-2b");  // without layer_types and tie_word_embeddings
  expect_sizes(hub, {256000, 2304, 9216, 26, 8, 4, 256, 8192});
  EXPECT_EQ(counts_of(hub), (Counts{.sliding = 13}));
  EXPECT_EQ(hub.layers[0].sliding_window, 4096);
  EXPECT_DOUBLE_EQ(hub.attention_scale, 1.0 / 16);
  EXPECT_TRUE(hub.tie_word_embeddings);
}

TEST(ModelConfig, Gemma3) {
  const ModelConfig config = newer("gemma3");
  EXPECT_EQ(config.model_type, "gemma3_text");
  EXPECT_DOUBLE_EQ(config.rope.theta, 1e6);
  EXPECT_DOUBLE_EQ(config.local_rope.theta, 1e4);
  EXPECT_EQ(counts_of(config), (Counts{.sliding = 2}));
  EXPECT_TRUE(config.layers[0].local_rope);
  EXPECT_FALSE(config.layers[2].local_rope);
  EXPECT_DOUBLE_EQ(config.attention_softcap, 0);
  EXPECT_EQ(config.query_key_norm, QueryKeyNorm::per_head);

  const ModelConfig hub = older("gemma-3-270m");
  expect_sizes(hub, {262144, 640, 2048, 18, 4, 1, 256, 32768});
  EXPECT_EQ(counts_of(hub), (Counts{.sliding = 15}));
  EXPECT_DOUBLE_EQ(hub.rope.theta, 1e6);
  EXPECT_DOUBLE_EQ(hub.local_rope.theta, 1e4);
}

TEST(ModelConfig, Gemma3WithVisionGivesItsTextModel) {
  const ModelConfig config = older("gemma-3-4b");
  EXPECT_EQ(config.model_type, "gemma3_text");
  expect_sizes(config, {262208, 2560, 10240, 34, 8, 4, 256, 131072});
  EXPECT_EQ(config.rope.rope_type, "linear");
  EXPECT_EQ(config.rope.parameters.at("factor"), 8.0);
  EXPECT_DOUBLE_EQ(config.rope.theta, 1e6);
  EXPECT_EQ(config.local_rope.rope_type, "default");
  EXPECT_DOUBLE_EQ(config.local_rope.theta, 1e4);
  EXPECT_EQ(counts_of(config), (Counts{.sliding = 29}));
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_TRUE(config.raw.contains("vision_config"));
}

TEST(ModelConfig, Phi3) {
  const ModelConfig config = newer("phi3");
  expect_sizes(config, {320, 64, 112, 3, 4, 2, 16, 256});
  EXPECT_EQ(config.rope.rope_type, "default");
  EXPECT_EQ(config.sliding_window, 0);
  EXPECT_EQ(older("phi-3-mini-4k").sliding_window, 2047);
}

TEST(ModelConfig, Gpt2) {
  const ModelConfig config = newer("gpt2");
  expect_sizes(config, {320, 64, 256, 3, 4, 4, 16, 256});
  EXPECT_EQ(config.activation, Activation::gelu_tanh);
  EXPECT_DOUBLE_EQ(config.norm_epsilon, 1e-5);
  EXPECT_TRUE(config.attention_bias && config.attention_output_bias && config.mlp_bias);
  EXPECT_EQ(counts_of(config), (Counts{.unrotated = 3}));
  EXPECT_TRUE(config.tie_word_embeddings);
  expect_sizes(older("gpt2"), {50257, 768, 3072, 12, 12, 12, 64, 1024});
}

TEST(ModelConfig, GptNeox) {
  const ModelConfig config = newer("gpt-neox");
  expect_sizes(config, {320, 64, 128, 3, 4, 4, 16, 256});
  EXPECT_DOUBLE_EQ(config.rope.partial_rotary_factor, 0.25);
  EXPECT_TRUE(config.parallel_residual);
  EXPECT_TRUE(config.attention_bias && config.mlp_bias);
  EXPECT_EQ(config.activation, Activation::gelu);
  const ModelConfig hub = older("pythia-160m");
  expect_sizes(hub, {50304, 768, 3072, 12, 12, 12, 64, 2048});
  EXPECT_DOUBLE_EQ(hub.rope.partial_rotary_factor, 0.25);
  EXPECT_DOUBLE_EQ(hub.rope.theta, 10000);
}

TEST(ModelConfig, Olmo2) {
  const ModelConfig config = older("olmo2-1b");
  expect_sizes(config, {100352, 2048, 8192, 16, 16, 16, 128, 4096});
  EXPECT_EQ(config.query_key_norm, QueryKeyNorm::all_heads);
  EXPECT_DOUBLE_EQ(config.rope.theta, 500000);
}

TEST(ModelConfig, SmolLm3) {
  const ModelConfig config = older("smollm3-3b");
  expect_sizes(config, {128256, 2048, 11008, 36, 16, 4, 128, 65536});
  EXPECT_EQ(counts_of(config), (Counts{.unrotated = 9}));
  EXPECT_FALSE(config.layers[3].rotary);
  EXPECT_TRUE(config.layers[4].rotary);
  EXPECT_TRUE(config.tie_word_embeddings);
}

TEST(ModelConfig, Encoders) {
  const ModelConfig bert = newer("bert");
  expect_sizes(bert, {320, 64, 128, 3, 4, 4, 16, 256});
  EXPECT_FALSE(bert.causal);
  EXPECT_EQ(bert.type_vocab_size, 2);
  EXPECT_DOUBLE_EQ(bert.norm_epsilon, 1e-12);
  EXPECT_EQ(bert.max_sequence_length(), 256);
  expect_sizes(older("bert-base"), {30522, 768, 3072, 12, 12, 12, 64, 512});

  const ModelConfig roberta = older("roberta-base");
  expect_sizes(roberta, {50265, 768, 3072, 12, 12, 12, 64, 514});
  EXPECT_EQ(roberta.position_offset, 2);
  EXPECT_EQ(roberta.max_sequence_length(), 512);
  EXPECT_EQ(roberta.type_vocab_size, 1);
  EXPECT_EQ(roberta.pad_token_id, 1);

  const ModelConfig distilbert = older("distilbert-base");
  expect_sizes(distilbert, {30522, 768, 3072, 6, 12, 12, 64, 512});
  EXPECT_EQ(distilbert.type_vocab_size, 0);
  EXPECT_DOUBLE_EQ(distilbert.norm_epsilon, 1e-12);
}

TEST(ModelConfig, ReadsAFolderAndSaysWhatIsNotOne) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(test::error_text<UsageError>([&] { read_model_config(folder.path()); }),
              HasSubstr("has no config.json"));
  EXPECT_THAT(test::error_text<UsageError>([&] { read_model_config(folder.path() / "none"); }),
              HasSubstr("is not a folder"));
  folder.write("config.json", "{\"model_type\"");
  EXPECT_THAT(test::error_text([&] { read_model_config(folder.path()); }),
              HasSubstr("config.json' is not valid JSON (at byte"));
  folder.write("config.json", "[]");
  EXPECT_THAT(test::error_text([&] { read_model_config(folder.path()); }),
              HasSubstr("the document is [], an object was expected"));
  folder.write("config.json", std::string(100'000, '['));
  EXPECT_THAT(test::error_text([&] { read_model_config(folder.path()); }), HasSubstr("nested deeper"));
  folder.write("config.json", R"({"model_type":"llama","rms_norm_eps":1e999})");
  EXPECT_THAT(test::error_text([&] { read_model_config(folder.path()); }), HasSubstr("too large"));
}

TEST(ModelConfig, AnUnknownModelTypeIsNamedWithTheKnownOnes) {
  const auto error = test::error_text([] { parse_model_config({{"model_type", "mamba"}}, "F"); });
  EXPECT_THAT(error, AllOf(HasSubstr("'F': the model_type 'mamba'"), HasSubstr(known_model_types_text())));
  EXPECT_THAT(test::error_text([] { parse_model_config(Json::object(), "F"); }), HasSubstr("model_type ''"));
  const auto types = known_model_types();
  EXPECT_EQ(types.size(), 17U);
  EXPECT_TRUE(std::ranges::is_sorted(types));
  EXPECT_EQ(known_model_types_text().substr(0, 18), "bert, distilbert, ");
}

}  // namespace
}  // namespace bv2::engine
