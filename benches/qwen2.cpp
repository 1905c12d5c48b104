// Qwen2: by default the shape of Qwen2.5-0.5B.
#include "benches/common/engine_benchmark.h"

extern "C" void run_qwen2(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "qwen2",
      .description = "Qwen2 and 2.5 decoders; by default the shape of Qwen2.5-0.5B",
      .default_model = "Qwen/Qwen2.5-0.5B",
      .default_config = R"({
        "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "hidden_act": "silu",
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1000000, "tie_word_embeddings": true
      })",
      .model_types = {"qwen2"},
      .small_model = "small-qwen2",
      .small_config = R"({
        "model_type": "qwen2", "vocab_size": 16384, "hidden_size": 448, "intermediate_size": 2432,
        "num_hidden_layers": 6, "num_attention_heads": 7, "num_key_value_heads": 1, "hidden_act": "silu",
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1000000, "tie_word_embeddings": true
      })",
  }));
}
