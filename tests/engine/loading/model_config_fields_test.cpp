// Fields of config.json one by one: defaults, the forms of rotary parameters, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/loading/model_config.h"
#include "support/data.h"
#include "support/error_text.h"

namespace bv2::engine {
namespace {

using testing::HasSubstr;

/// A small file of that family, in the form of transformers 5.
Json base(std::string_view model) { return read_json(test::data_dir() / "models" / model / "config.json"); }
/// The same with other fields: null takes one away, everything else puts one in.
Json changed(Json document, const Json& changes) {
  for (const auto& [key, value] : changes.items()) document[key] = value;
  return document;
}
Json without(Json document, std::string_view key) {
  document.erase(std::string(key));
  return document;
}
ModelConfig parse(const Json& document) { return parse_model_config(document, "F"); }
std::string error_of(const Json& document) {
  return test::error_text([&] { parse(document); });
}
Json llama_with(std::string_view changes) { return changed(base("llama"), parse_json(changes, "the test")); }

TEST(ModelConfigFields, AbsentFieldsHaveTheDefaultsOfTransformers) {
  Json llama = base("llama");
  for (const char* key :
       {"num_key_value_heads", "head_dim", "rms_norm_eps", "hidden_act", "tie_word_embeddings",
        "max_position_embeddings", "attention_bias", "rope_parameters"}) {
    llama.erase(key);
  }
  const ModelConfig config = parse(llama);
  EXPECT_EQ(config.num_key_value_heads, 4);
  EXPECT_EQ(config.head_dim, 16);
  EXPECT_EQ(config.max_position_embeddings, 2048);
  EXPECT_DOUBLE_EQ(config.norm_epsilon, 1e-6);
  EXPECT_DOUBLE_EQ(config.rope.theta, 10000);
  EXPECT_EQ(config.activation, Activation::silu);

  EXPECT_EQ(parse(without(base("mistral-sliding"), "sliding_window")).sliding_window, 4096);
  EXPECT_EQ(parse(changed(base("mistral-sliding"), {{"sliding_window", nullptr}})).sliding_window, 0);
  EXPECT_EQ(parse(without(base("qwen3"), "head_dim")).head_dim, 128);
  EXPECT_EQ(parse(changed(base("qwen3"), {{"num_key_value_heads", nullptr}})).num_key_value_heads, 4);
  EXPECT_DOUBLE_EQ(parse(without(base("mixtral"), "rope_parameters")).rope.theta, 1e6);
  EXPECT_DOUBLE_EQ(parse(without(base("gemma2"), "final_logit_softcapping")).final_softcap, 30);
  EXPECT_DOUBLE_EQ(parse(changed(base("gemma2"), {{"final_logit_softcapping", nullptr}})).final_softcap, 0);
  EXPECT_DOUBLE_EQ(parse(without(base("gpt-neox"), "rope_parameters")).rope.partial_rotary_factor, 0.25);
}

TEST(ModelConfigFields, ImpossibleSizesAreRefused) {
  EXPECT_THAT(error_of(without(base("llama"), "hidden_size")),
              HasSubstr("the field 'hidden_size' is missing"));
  EXPECT_THAT(error_of(llama_with(R"({"hidden_size":0})")), HasSubstr("'hidden_size' is 0, expected: 1 to"));
  EXPECT_THAT(error_of(llama_with(R"({"vocab_size":-5})")), HasSubstr("'vocab_size' is -5"));
  EXPECT_THAT(error_of(llama_with(R"({"vocab_size":"many"})")),
              HasSubstr("'vocab_size' is \"many\", expected: an int"));
  EXPECT_THAT(error_of(llama_with(R"({"vocab_size":1.5})")), HasSubstr("is 1.5"));
  EXPECT_THAT(error_of(llama_with(R"({"vocab_size":18446744073709551615})")),
              HasSubstr("expected: an integer"));
  EXPECT_THAT(error_of(llama_with(R"({"vocab_size":4294967296})")), HasSubstr("expected: 1 to 2147483647"));
  EXPECT_THAT(error_of(llama_with(R"({"num_hidden_layers":2000000000})")), HasSubstr("2000000000 layers"));
  EXPECT_THAT(error_of(llama_with(R"({"num_key_value_heads":3})")),
              HasSubstr("num_attention_heads 4 is not a multiple of num_key_value_heads 3"));
  EXPECT_THAT(error_of(llama_with(R"({"head_dim":null,"num_attention_heads":6,"num_key_value_heads":6})")),
              HasSubstr("hidden size 64 is not a multiple of the 6"));
  EXPECT_EQ(parse(llama_with(R"({"num_attention_heads":6,"head_dim":10})")).head_dim, 10);
  EXPECT_THAT(error_of(llama_with(R"({"head_dim":15})")), HasSubstr("of head_dim 15 cannot be rotated"));
  EXPECT_THAT(error_of(llama_with(R"({"rms_norm_eps":0})")),
              HasSubstr("'rms_norm_eps' is 0, expected: a number above 0"));
  EXPECT_THAT(error_of(llama_with(R"({"tie_word_embeddings":"no"})")), HasSubstr("expected: true or false"));
}

TEST(ModelConfigFields, WhatIsNotHandledIsRefusedWithItsName) {
  const auto refused = [](std::string_view field) {
    return HasSubstr(fmt::format("the field '{}' (", field));
  };
  EXPECT_THAT(error_of(llama_with(R"({"quantization_config":{"quant_method":"awq"}})")),
              testing::AllOf(refused("quantization_config"), HasSubstr("object of 1"), HasSubstr("'llama'")));
  EXPECT_THAT(error_of(llama_with(R"({"logit_scale":0.5})")), refused("logit_scale"));
  EXPECT_THAT(error_of(llama_with(R"({"logit_scale":0})")), refused("logit_scale"));
  EXPECT_THAT(error_of(changed(base("mixtral"), {{"attention_bias", true}})), refused("attention_bias"));
  EXPECT_THAT(error_of(changed(base("phi3"), {{"lm_head_bias", true}})), refused("lm_head_bias"));
  EXPECT_THAT(error_of(changed(base("gpt2"), {{"scale_attn_by_inverse_layer_idx", true}})),
              refused("scale_attn_by_inverse_layer_idx"));
  EXPECT_THAT(error_of(changed(base("gemma3"), {{"use_bidirectional_attention", true}})),
              refused("use_bidirectional_attention"));
  EXPECT_THAT(error_of(changed(base("bert"), {{"is_decoder", true}})), refused("is_decoder"));
  EXPECT_THAT(error_of(changed(base("bert"), {{"position_embedding_type", "relative_key"}})),
              HasSubstr("'position_embedding_type' is \"relative_key\", expected: absolute"));
  EXPECT_THAT(error_of(llama_with(R"({"hidden_act":"quick_gelu"})")),
              HasSubstr("'hidden_act' is \"quick_gelu\""));
  EXPECT_THAT(error_of(llama_with(R"({"line\nbreak":1})")), refused("line?break"));
}

TEST(ModelConfigFields, WhatIsOffOrOfNoEffectIsAccepted) {
  parse(llama_with(R"({"quantization_config":null,"something":false,"a":[],"b":{},"c":""})"));
  parse(llama_with(R"({"pretraining_tp":4,"temperature":0.6,"do_sample":true,"torch_dtype":"float16",)"
                   R"("auto_map":{"AutoConfig":"x"},"id2label":{"0":"A"},"initializer_range":0.5})"));
}

TEST(ModelConfigFields, RotaryParametersInBothForms) {
  const auto older = [](std::string_view fields) {
    return parse(changed(without(base("llama"), "rope_parameters"), parse_json(fields, "the test"))).rope;
  };
  const auto newer = [](std::string_view fields) {
    return parse(changed(base("llama"), {{"rope_parameters", parse_json(fields, "the test")}})).rope;
  };
  for (const RopeConfig& rope :
       {older(R"({"rope_theta":5000,"rope_scaling":{"type":"linear","factor":2}})"),
        older(R"({"rope_theta":5000,"rope_scaling":{"rope_type":"linear","type":"linear","factor":2.0}})"),
        newer(R"({"rope_theta":5000.0,"rope_type":"linear","factor":2.0})")}) {
    EXPECT_EQ(rope.rope_type, "linear");
    EXPECT_DOUBLE_EQ(rope.theta, 5000);
    EXPECT_EQ(rope.parameters, Json({{"factor", 2.0}}));
  }
  EXPECT_EQ(newer(R"({"rope_type":"dynamic","factor":4})").parameters, Json({{"factor", 4.0}}));
  EXPECT_DOUBLE_EQ(newer(R"({"partial_rotary_factor":0.5})").partial_rotary_factor, 0.5);

  const Json yarn = older(R"({"rope_scaling":{"type":"yarn","factor":4.0,"finetuned":true,)"
                          R"("original_max_position_embeddings":64}})")
                        .parameters;
  EXPECT_EQ(yarn, Json({{"factor", 4.0},
                        {"original_max_position_embeddings", 64},
                        {"beta_fast", 32.0},
                        {"beta_slow", 1.0},
                        {"truncate", true}}));
  const Json given = newer(R"({"rope_type":"yarn","factor":null,"original_max_position_embeddings":128,)"
                           R"("beta_fast":16,"mscale":0.7,"attention_factor":1.5})")
                         .parameters;
  EXPECT_EQ(given.at("factor"), 2.0);  // 256 positions of 128
  EXPECT_EQ(given.at("beta_fast"), 16.0);
  EXPECT_EQ(given.at("attention_factor"), 1.5);
  EXPECT_EQ(given.at("mscale"), 0.7);
}

TEST(ModelConfigFields, LongropeOfPhi3) {
  const Json factors = {1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7};
  const auto with_type = [&](std::string_view type, const Json& long_factor) {
    return changed(
        without(base("phi3"), "rope_parameters"),
        {{"rope_scaling", {{"type", type}, {"short_factor", factors}, {"long_factor", long_factor}}},
         {"original_max_position_embeddings", 64}});
  };
  for (const std::string_view type : {"longrope", "su", "yarn"}) {
    const RopeConfig rope = parse(with_type(type, factors)).rope;
    EXPECT_EQ(rope.rope_type, "longrope");
    EXPECT_EQ(rope.parameters.at("original_max_position_embeddings"), 64);
    EXPECT_EQ(rope.parameters.at("short_factor").size(), 8U);
  }
  EXPECT_THAT(error_of(with_type("longrope", {1.0, 2.0})),
              HasSubstr("'rope_scaling.long_factor' is array of 2, expected: 8 numbers above 0"));
  EXPECT_THAT(error_of(with_type("linear", factors)), HasSubstr("expected: default, longrope"));
}

TEST(ModelConfigFields, RotaryParametersThatCannotBeAreRefused) {
  const auto error = [](std::string_view rope) {
    return error_of(changed(base("llama"), {{"rope_parameters", parse_json(rope, "the test")}}));
  };
  EXPECT_THAT(
      error(R"({"rope_type":"proportional"})"),
      HasSubstr("'rope_parameters.rope_type' is \"proportional\", expected: default, linear, dynamic, yarn"));
  EXPECT_THAT(error(R"({"rope_type":"linear"})"), HasSubstr("'rope_parameters.factor' is missing"));
  EXPECT_THAT(error(R"({"rope_type":"linear","factor":-1})"), HasSubstr("factor' is -1"));
  EXPECT_THAT(error(R"({"rope_type":"default","factor":2})"),
              HasSubstr("the field 'rope_parameters.factor' (2)"));
  EXPECT_THAT(error(R"({"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4})"),
              HasSubstr("'rope_parameters.high_freq_factor' is 4, expected: above low_freq_factor, 4"));
  EXPECT_THAT(error(R"({"rope_theta":0})"), HasSubstr("'rope_parameters.rope_theta' is 0"));
  EXPECT_THAT(error(R"({"partial_rotary_factor":1.5})"), HasSubstr("cannot be rotated"));
  EXPECT_THAT(error(R"({"full_attention":{"rope_theta":5}})"), HasSubstr("'rope_parameters.full_attention'"));
  EXPECT_THAT(error("[1]"), HasSubstr("rope_parameters is array of 1"));
  EXPECT_THAT(error_of(llama_with(R"({"rope_scaling":{"type":"linear","factor":2}})")),
              HasSubstr("rope_scaling and rope_parameters contradict each other"));
  EXPECT_THAT(error_of(changed(base("gemma3"), {{"rope_parameters", {{"rope_theta", 5}}}})),
              HasSubstr("'rope_parameters.rope_theta'"));
  EXPECT_THAT(error_of(changed(base("gpt-neox"), {{"rope_theta", 5}})),
              HasSubstr("'rope_theta' is 5, expected: 10000"));
}

TEST(ModelConfigFields, LayerTypesAndWindows) {
  const Json qwen = changed(without(base("qwen2"), "layer_types"),
                            {{"use_sliding_window", true}, {"sliding_window", 16}, {"max_window_layers", 1}});
  const ModelConfig config = parse(qwen);
  EXPECT_EQ(config.layers[0].sliding_window, 0);
  EXPECT_EQ(config.layers[1].sliding_window, 16);
  EXPECT_EQ(config.sliding_window, 16);
  EXPECT_THAT(error_of(changed(base("qwen2"), {{"layer_types", {"full_attention"}}})),
              HasSubstr("expected: 3 texts"));
  EXPECT_THAT(
      error_of(changed(base("qwen2"), {{"layer_types", {"full_attention", "chunked", "full_attention"}}})),
      HasSubstr("not 'chunked'"));
  const Json sliding = {"sliding_attention", "full_attention", "full_attention"};
  EXPECT_THAT(error_of(changed(base("qwen2"), {{"layer_types", sliding}})),
              HasSubstr("there is no sliding_window"));
  EXPECT_THAT(error_of(changed(base("mistral-sliding"), {{"layer_types", sliding}})),
              HasSubstr("the same for all layers of a mistral"));
}

TEST(ModelConfigFields, ExpertsByLayer) {
  const Json moe = changed(read_json(test::data_dir() / "configs" / "qwen3-30b-a3b.json"),
                           {{"num_hidden_layers", 4}, {"mlp_only_layers", {3}}, {"decoder_sparse_step", 2}});
  const ModelConfig config = parse(moe);
  EXPECT_FALSE(config.layers[0].experts);
  EXPECT_TRUE(config.layers[1].experts);
  EXPECT_FALSE(config.layers[3].experts);  // the step's turn, but listed as dense
  EXPECT_THAT(error_of(changed(base("mixtral"), {{"num_experts_per_tok", 9}})),
              HasSubstr("'num_experts_per_tok' is 9, expected: at most num_local_experts, 4"));
}

TEST(ModelConfigFields, BiasesByFamily) {
  const ModelConfig llama = parse(llama_with(R"({"attention_bias":true,"mlp_bias":true})"));
  EXPECT_TRUE(llama.attention_bias && llama.attention_output_bias && llama.mlp_bias);
  const ModelConfig qwen = parse(changed(base("qwen3"), {{"attention_bias", true}}));
  EXPECT_TRUE(qwen.attention_bias && qwen.attention_output_bias);
}

TEST(ModelConfigFields, Gemma3WithVision) {
  Json document = read_json(test::data_dir() / "configs" / "gemma-3-4b.json");
  EXPECT_THAT(error_of(without(document, "text_config")), HasSubstr("'text_config' is missing"));
  EXPECT_THAT(error_of(changed(document, {{"quantization_config", {{"x", 1}}}})),
              HasSubstr("quantization_config"));
  document["text_config"]["surprise"] = 1;
  EXPECT_THAT(error_of(document), HasSubstr("the field 'text_config.surprise' (1)"));
}

TEST(ModelConfigFields, RobertaPositionsStartAfterThePaddingToken) {
  const Json document = read_json(test::data_dir() / "configs" / "roberta-base.json");
  EXPECT_EQ(parse(without(document, "pad_token_id")).position_offset, 2);
  EXPECT_EQ(parse(changed(document, {{"pad_token_id", 0}})).position_offset, 1);
  EXPECT_THAT(error_of(changed(document, {{"pad_token_id", 513}})),
              HasSubstr("'pad_token_id' is 513, expected: 0 to 512"));
}

}  // namespace
}  // namespace bv2::engine
