// DistilBERT: by default the shape of distilbert-base-uncased.
#include "benches/common/engine_benchmark.h"

extern "C" void run_distilbert(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "distilbert",
      .description = "DistilBERT encoders; by default the shape of DistilBERT-base",
      .default_model = "distilbert/distilbert-base-uncased",
      .default_config = R"({
        "model_type": "distilbert", "vocab_size": 30522, "dim": 768, "hidden_dim": 3072, "n_layers": 6,
        "n_heads": 12, "activation": "gelu", "max_position_embeddings": 512, "pad_token_id": 0
      })",
      .model_types = {"distilbert"},
  }));
}
