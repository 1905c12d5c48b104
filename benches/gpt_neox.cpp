// GPT-NeoX: by default the shape of Pythia-160M.
#include "benches/common/engine_benchmark.h"

extern "C" void run_gpt_neox(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "gpt_neox",
      .description = "GPT-NeoX decoders; by default the shape of Pythia-160M",
      .default_model = "EleutherAI/pythia-160m",
      .default_config = R"({
        "model_type": "gpt_neox", "vocab_size": 50304, "hidden_size": 768, "intermediate_size": 3072,
        "num_hidden_layers": 12, "num_attention_heads": 12, "hidden_act": "gelu", "max_position_embeddings": 2048,
        "layer_norm_eps": 1e-5, "rotary_pct": 0.25, "rotary_emb_base": 10000, "use_parallel_residual": true,
        "tie_word_embeddings": false
      })",
      .model_types = {"gpt_neox"},
      .small_model = "small-gpt-neox",
      .small_config = R"({
        "model_type": "gpt_neox", "vocab_size": 16384, "hidden_size": 512, "intermediate_size": 2048,
        "num_hidden_layers": 6, "num_attention_heads": 8, "hidden_act": "gelu", "max_position_embeddings": 2048,
        "layer_norm_eps": 1e-5, "rotary_pct": 0.25, "rotary_emb_base": 10000, "use_parallel_residual": true,
        "tie_word_embeddings": false
      })",
  }));
}
