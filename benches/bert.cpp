// BERT: by default the shape of bert-base-uncased.
#include "benches/common/engine_benchmark.h"

extern "C" void run_bert(bv2::BenchmarkHost& host) {
  host.add(std::make_unique<bv2::EngineBenchmark>(bv2::FamilyBenchmark{
      .name = "bert",
      .description = "BERT encoders; by default the shape of BERT-base",
      .default_model = "google-bert/bert-base-uncased",
      .default_config = R"({
        "model_type": "bert", "vocab_size": 30522, "hidden_size": 768, "intermediate_size": 3072,
        "num_hidden_layers": 12, "num_attention_heads": 12, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512, "type_vocab_size": 2, "pad_token_id": 0
      })",
      .model_types = {"bert"},
  }));
}
