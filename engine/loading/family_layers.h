// What makes layers differ (windows, experts, rotation), family by family. Called with the sizes read and
// `layers` of the right length.
#pragma once

#include "engine/loading/config_reader.h"
#include "engine/loading/model_config.h"

namespace bv2::engine {

void finish_llama(ConfigReader& reader, ModelConfig& config);
void finish_mistral(ConfigReader& reader, ModelConfig& config);
void finish_mixtral(ConfigReader& reader, ModelConfig& config);
void finish_phi3(ConfigReader& reader, ModelConfig& config);
void finish_qwen2(ConfigReader& reader, ModelConfig& config);
void finish_qwen3(ConfigReader& reader, ModelConfig& config);
void finish_qwen3_moe(ConfigReader& reader, ModelConfig& config);
void finish_olmo2(ConfigReader& reader, ModelConfig& config);
void finish_smollm3(ConfigReader& reader, ModelConfig& config);
void finish_gemma2(ConfigReader& reader, ModelConfig& config);
void finish_gemma3(ConfigReader& reader, ModelConfig& config);
void finish_gpt2(ConfigReader& reader, ModelConfig& config);
void finish_gpt_neox(ConfigReader& reader, ModelConfig& config);
void finish_bert(ConfigReader& reader, ModelConfig& config);
void finish_roberta(ConfigReader& reader, ModelConfig& config);
void finish_distilbert(ConfigReader& reader, ModelConfig& config);

}  // namespace bv2::engine
