// GPT-2: by default the shape of its smallest one, 124M.
#include "benches/common/engine_benchmark.h"

extern "C" void run_gpt2(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "gpt2",
      .description = "GPT-2 decoders; by default the shape of the one with 124M parameters",
      .default_model = "openai-community/gpt2",
      .default_config = R"({
        "model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024,
        "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5
      })",
      .model_types = {"gpt2"},
      .small_model = "small-gpt2",
      .small_config = R"({
        "model_type": "gpt2", "vocab_size": 16384, "n_embd": 512, "n_layer": 6, "n_head": 8, "n_positions": 1024,
        "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5
      })",
  }));
}
