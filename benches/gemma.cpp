// Gemma 2 and 3: by default the shape of Gemma 3 270M.
#include "benches/common/engine_benchmark.h"

extern "C" void run_gemma(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "gemma",
      .description = "Gemma 2 and 3 decoders (text); by default the shape of Gemma 3 270M",
      .default_model = "google/gemma-3-270m",
      .default_config = R"({
        "model_type": "gemma3_text", "vocab_size": 262144, "hidden_size": 640, "intermediate_size": 2048,
        "num_hidden_layers": 18, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "query_pre_attn_scalar": 256, "rope_theta": 1000000, "rope_local_base_freq": 10000, "sliding_window": 512,
        "sliding_window_pattern": 6
      })",
      .model_types = {"gemma2", "gemma3", "gemma3_text"},
      .small_model = "small-gemma3",
      .small_config = R"({
        "model_type": "gemma3_text", "vocab_size": 16384, "hidden_size": 640, "intermediate_size": 2048,
        "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256,
        "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "query_pre_attn_scalar": 256, "rope_theta": 1000000, "rope_local_base_freq": 10000, "sliding_window": 128,
        "sliding_window_pattern": 6
      })",
  }));
}
