// The model families: how each names the fields of ModelConfig, and what transformers takes where one is
// absent.
#include "engine/loading/model_families.h"

#include <array>

#include "engine/loading/family_layers.h"

namespace bv2::engine {
namespace {

using C = ModelConfig;

/// The names that most families have; only the positions have a default, the family's own.
std::vector<SizeField> usual_sizes(std::int64_t default_positions) {
  return {{"vocab_size", &C::vocab_size},
          {"hidden_size", &C::hidden_size},
          {"intermediate_size", &C::intermediate_size},
          {"num_hidden_layers", &C::num_hidden_layers},
          {"num_attention_heads", &C::num_attention_heads},
          {"max_position_embeddings", &C::max_position_embeddings, default_positions}};
}

/// Gemma 3's text_config lists only what differs from the defaults of its class.
std::vector<SizeField> gemma3_sizes() {
  return {{"vocab_size", &C::vocab_size, 262'208},
          {"hidden_size", &C::hidden_size, 2304},
          {"intermediate_size", &C::intermediate_size, 9216},
          {"num_hidden_layers", &C::num_hidden_layers, 26},
          {"num_attention_heads", &C::num_attention_heads, 8},
          {"max_position_embeddings", &C::max_position_embeddings, 131'072}};
}

std::vector<SizeField> bert_sizes() {
  std::vector<SizeField> sizes = usual_sizes(512);
  sizes.push_back({"type_vocab_size", &C::type_vocab_size, 2});
  return sizes;
}

constexpr FlagField tied_by_default{"tie_word_embeddings", &C::tie_word_embeddings, true};
constexpr FlagField untied_by_default{"tie_word_embeddings", &C::tie_word_embeddings, false};
constexpr FlagField attention_bias{"attention_bias", &C::attention_bias, false};
constexpr FlagField mlp_bias{"mlp_bias", &C::mlp_bias, false};
constexpr AttentionSizes heads_only{.has_key_value_heads = false, .has_head_dim = false};

std::vector<Family> make_families() {
  std::vector<Family> families;
  families.push_back({.model_type = "llama",
                      .sizes = usual_sizes(2048),
                      .attention = {},
                      .flags = {untied_by_default, attention_bias, mlp_bias},
                      .of_no_effect = {"is_llama_config", "rope_interleaved"},
                      .finish = finish_llama});
  families.push_back({.model_type = "mistral",
                      .sizes = usual_sizes(131'072),
                      .attention = {.default_key_value_heads = 8},
                      .flags = {untied_by_default},
                      .of_no_effect = {},
                      .finish = finish_mistral});
  families.push_back({.model_type = "mixtral",
                      .sizes = usual_sizes(131'072),
                      .attention = {.default_key_value_heads = 8},
                      .default_epsilon = 1e-5,
                      .flags = {untied_by_default},
                      .rope = RopeRules{.theta = 1'000'000},
                      .of_no_effect = {"output_router_logits", "router_aux_loss_coef", "router_jitter_noise"},
                      .finish = finish_mixtral});
  families.push_back({.model_type = "phi3",
                      .sizes = usual_sizes(4096),
                      .attention = {},
                      .default_epsilon = 1e-5,
                      .flags = {untied_by_default},
                      .rope = RopeRules{.longrope_original_positions = 4096},
                      .of_no_effect = {"full_attn_mod", "interpolate_factor"},
                      .finish = finish_phi3});
  families.push_back({.model_type = "qwen2",
                      .sizes = usual_sizes(32'768),
                      .attention = {.default_key_value_heads = 32},
                      .flags = {untied_by_default},
                      .of_no_effect = {},
                      .finish = finish_qwen2});
  families.push_back({.model_type = "qwen3",
                      .sizes = usual_sizes(32'768),
                      .attention = {.default_key_value_heads = 32, .default_head_dim = 128},
                      .flags = {untied_by_default, attention_bias},
                      .of_no_effect = {},
                      .finish = finish_qwen3});
  families.push_back({.model_type = "qwen3_moe",
                      .sizes = usual_sizes(32'768),
                      .attention = {.default_key_value_heads = 4},
                      .flags = {untied_by_default, attention_bias},
                      .of_no_effect = {"max_window_layers", "output_router_logits", "router_aux_loss_coef"},
                      .finish = finish_qwen3_moe});
  families.push_back({.model_type = "olmo2",
                      .sizes = usual_sizes(2048),
                      .attention = {},
                      .default_epsilon = 1e-5,
                      .flags = {untied_by_default, attention_bias},
                      .of_no_effect = {},
                      .finish = finish_olmo2});
  families.push_back({.model_type = "smollm3",
                      .sizes = usual_sizes(32'768),
                      .attention = {.default_key_value_heads = 4},
                      .flags = {tied_by_default, attention_bias, mlp_bias},
                      .rope = RopeRules{.theta = 2'000'000},
                      .of_no_effect = {"max_window_layers"},
                      .finish = finish_smollm3});
  families.push_back({.model_type = "gemma2",
                      .sizes = usual_sizes(8192),
                      .attention = {.default_key_value_heads = 4, .default_head_dim = 256},
                      .activation_key = "hidden_activation",
                      .default_activation = "gelu_pytorch_tanh",
                      .flags = {tied_by_default, attention_bias},
                      .of_no_effect = {"hidden_act", "sliding_window_size"},
                      .finish = finish_gemma2});
  families.push_back({.model_type = "gemma3_text",
                      .sizes = gemma3_sizes(),
                      .attention = {.default_key_value_heads = 4, .default_head_dim = 256},
                      .activation_key = "hidden_activation",
                      .default_activation = "gelu_pytorch_tanh",
                      .flags = {tied_by_default, attention_bias},
                      .rope = std::nullopt,  // two sets, by layer
                      .of_no_effect = {"_sliding_window_pattern"},
                      .finish = finish_gemma3});
  families.push_back({.model_type = "gpt2",
                      .sizes = {{"vocab_size", &C::vocab_size},
                                {"n_embd", &C::hidden_size},
                                {"n_layer", &C::num_hidden_layers},
                                {"n_head", &C::num_attention_heads},
                                {"n_positions", &C::max_position_embeddings, 1024}},
                      .attention = heads_only,
                      .epsilon_key = "layer_norm_epsilon",
                      .default_epsilon = 1e-5,
                      .activation_key = "activation_function",
                      .default_activation = "gelu_new",
                      .flags = {tied_by_default},
                      .rope = std::nullopt,
                      // reorder_and_upcast_attn is how the same product is computed.
                      .of_no_effect = {"n_ctx", "attn_pdrop", "reorder_and_upcast_attn", "summary_activation",
                                       "summary_first_dropout", "summary_proj_to_labels", "summary_type",
                                       "summary_use_proj"},
                      .finish = finish_gpt2});
  families.push_back({.model_type = "gpt_neox",
                      .sizes = usual_sizes(2048),
                      .attention = heads_only,
                      .epsilon_key = "layer_norm_eps",
                      .default_epsilon = 1e-5,
                      .default_activation = "gelu",
                      .flags = {untied_by_default,
                                {"attention_bias", &C::attention_bias, true},
                                {"use_parallel_residual", &C::parallel_residual, true}},
                      .rope = RopeRules{.theta_key = "rotary_emb_base",
                                        .partial_rotary_factor = 0.25,
                                        .partial_key = "rotary_pct"},
                      .of_no_effect = {"is_decoder"},
                      .finish = finish_gpt_neox});
  families.push_back({.model_type = "bert",
                      .sizes = bert_sizes(),
                      .attention = heads_only,
                      .epsilon_key = "layer_norm_eps",
                      .default_epsilon = 1e-12,
                      .default_activation = "gelu",
                      .flags = {tied_by_default},
                      .rope = std::nullopt,
                      .of_no_effect = {"attention_probs_dropout_prob", "directionality", "pooler_fc_size",
                                       "pooler_num_attention_heads", "pooler_num_fc_layers",
                                       "pooler_size_per_head", "pooler_type"},
                      .finish = finish_bert});
  families.push_back({.model_type = "roberta",
                      .sizes = bert_sizes(),
                      .attention = heads_only,
                      .epsilon_key = "layer_norm_eps",
                      .default_epsilon = 1e-12,
                      .default_activation = "gelu",
                      .flags = {tied_by_default},
                      .rope = std::nullopt,
                      .of_no_effect = {"attention_probs_dropout_prob"},
                      .finish = finish_roberta});
  families.push_back({.model_type = "distilbert",
                      .sizes = {{"vocab_size", &C::vocab_size},
                                {"dim", &C::hidden_size},
                                {"hidden_dim", &C::intermediate_size},
                                {"n_layers", &C::num_hidden_layers},
                                {"n_heads", &C::num_attention_heads},
                                {"max_position_embeddings", &C::max_position_embeddings, 512}},
                      .attention = heads_only,
                      .epsilon_key = "",
                      .default_epsilon = 1e-12,
                      .activation_key = "activation",
                      .default_activation = "gelu",
                      .flags = {tied_by_default},
                      .rope = std::nullopt,
                      // sinusoidal_pos_embds fills the positions that the checkpoint then replaces.
                      .of_no_effect = {"dropout", "qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds",
                                       "tie_weights_"},
                      .finish = finish_distilbert});
  return families;
}

constexpr std::array<std::string_view, 78> of_no_effect_anywhere{
    // what made the file
    "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal", "_commit_hash",
    "_name_or_path", "architectures", "attn_implementation", "auto_map", "dtype", "model_type",
    "name_or_path", "torch_dtype", "transformers.js_config", "transformers_version", "unsloth_fixed",
    "unsloth_version",
    // training
    "attention_dropout", "classifier_dropout", "embd_pdrop", "gradient_checkpointing", "hidden_dropout",
    "hidden_dropout_prob", "initializer_range", "resid_pdrop",
    // how the same is computed, or returned
    "chunk_size_feed_forward", "output_attentions", "output_hidden_states", "pretraining_tp", "return_dict",
    "torchscript", "use_cache",
    // heads that are not run
    "finetuning_task", "id2label", "label2id", "num_labels", "problem_type", "task_specific_params",
    // the tokenizer's
    "bos_token_id", "decoder_start_token_id", "eos_token_id", "sep_token_id", "tokenizer_class",
    "unk_token_id",
    // of generation: ours is greedy and goes on past the end
    "bad_words_ids", "begin_suppress_tokens", "cache_implementation", "diversity_penalty", "do_sample",
    "early_stopping", "encoder_no_repeat_ngram_size", "epsilon_cutoff", "eta_cutoff",
    "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "length_penalty",
    "max_length", "max_new_tokens", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
    "num_return_sequences", "output_scores", "prefix", "remove_invalid_values", "repetition_penalty",
    "return_dict_in_generate", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
    "encoder_repetition_penalty", "num_assistant_tokens", "num_assistant_tokens_schedule",
    "assistant_confidence_threshold", "assistant_lookbehind"};

}  // namespace

std::span<const Family> model_families() {
  static const std::vector<Family> families = make_families();
  return families;
}

std::span<const std::string_view> fields_of_no_effect() { return of_no_effect_anywhere; }

}  // namespace bv2::engine
