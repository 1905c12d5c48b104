// RoBERTa: by default the shape of roberta-base.
#include "benches/common/engine_benchmark.h"

extern "C" void run_roberta(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "roberta",
      .description = "RoBERTa encoders; by default the shape of RoBERTa-base",
      .default_model = "FacebookAI/roberta-base",
      .default_config = R"({
        "model_type": "roberta", "vocab_size": 50265, "hidden_size": 768, "intermediate_size": 3072,
        "num_hidden_layers": 12, "num_attention_heads": 12, "hidden_act": "gelu", "layer_norm_eps": 1e-5,
        "max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1
      })",
      .model_types = {"roberta"},
  }));
}
