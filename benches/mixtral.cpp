// Mixtures of experts, Mixtral's and Qwen3's: by default a small Mixtral, as no published one is small.
#include "benches/common/engine_benchmark.h"

extern "C" void run_mixtral(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "mixtral",
      .description = "Decoders with mixtures of experts (Mixtral, Qwen3-MoE); by default a Mixtral of 0.5B "
                     "parameters, 0.16B of them a token",
      .default_model = "small-mixtral",
      .default_config = R"({
        "model_type": "mixtral", "vocab_size": 32000, "hidden_size": 768, "intermediate_size": 2048,
        "num_hidden_layers": 12, "num_attention_heads": 12, "num_key_value_heads": 4, "hidden_act": "silu",
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "rope_theta": 1000000, "num_local_experts": 8,
        "num_experts_per_tok": 2, "tie_word_embeddings": false
      })",
      .model_types = {"mixtral", "qwen3_moe"},
  }));
}
