// Llama: by default the shape of SmolLM2-135M.
#include "benches/common/engine_benchmark.h"

extern "C" void run_llama(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "llama",
      .description = "Llama decoders and their like (Mistral, Phi-3, SmolLM3, OLMo 2); by default the shape "
                     "of SmolLM2-135M",
      .default_model = "HuggingFaceTB/SmolLM2-135M",
      .default_config = R"({
        "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "hidden_act": "silu",
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 100000, "tie_word_embeddings": true
      })",
      .model_types = {"llama", "mistral", "olmo2", "phi3", "smollm3"},
  }));
}
