// Qwen3: by default the shape of Qwen3-0.6B.
#include "benches/common/engine_benchmark.h"

extern "C" void run_qwen3(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "qwen3",
      .description = "Qwen3 decoders; by default the shape of Qwen3-0.6B",
      .default_model = "Qwen/Qwen3-0.6B",
      .default_config = R"({
        "model_type": "qwen3", "vocab_size": 151936, "hidden_size": 1024, "intermediate_size": 3072,
        "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 40960, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
        "tie_word_embeddings": true
      })",
      .model_types = {"qwen3"},
      .small_model = "small-qwen3",
      .small_config = R"({
        "model_type": "qwen3", "vocab_size": 16384, "hidden_size": 512, "intermediate_size": 1536,
        "num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 128,
        "hidden_act": "silu", "max_position_embeddings": 40960, "rms_norm_eps": 1e-6, "rope_theta": 1000000,
        "tie_word_embeddings": true
      })",
  }));
}
