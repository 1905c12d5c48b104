// The configuration of one scenario: one model, one mode, one shape. The document that results carry in
// metadata.config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bv2 {

/// Written, and read back by --config-file, from one description of its fields.
struct ScenarioConfig {
  std::string variant = "eager";  ///< eager, compiled, kernelized
  std::string model_id{};  ///< Hub id or checkpoint folder; empty: the benchmark's own shape, synthetic
                           ///< weights; or the name of its small one
  std::int64_t warmup_iterations = 3;
  std::int64_t measurement_iterations = 5;
  std::int64_t num_tokens_to_generate = 100;  ///< per sequence; 0: of an encoder
  std::string device = "cpu";
  std::string dtype = "bfloat16";
  std::optional<std::string> compile_mode{};  ///< of the compiled variant
  bool use_cache = true;
  std::int64_t batch_size = 1;
  std::optional<std::int64_t> sequence_length;  ///< prompt tokens; none: the prompt's own
  std::string attn_implementation = "sdpa";     ///< eager, sdpa
  std::optional<std::string> sdpa_backend =
      "flash_attention";     ///< math, flash_attention, efficient_attention; none where not sdpa
  std::int64_t threads = 0;  ///< 0: physical cores
  std::int64_t seed = 0;     ///< of synthetic weights and token ids

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("variant", self.variant);
    visit("model_id", self.model_id);
    visit("warmup_iterations", self.warmup_iterations);
    visit("measurement_iterations", self.measurement_iterations);
    visit("num_tokens_to_generate", self.num_tokens_to_generate);
    visit("device", self.device);
    visit("dtype", self.dtype);
    visit("compile_mode", self.compile_mode);
    visit("use_cache", self.use_cache);
    visit("batch_size", self.batch_size);
    visit("sequence_length", self.sequence_length);
    visit("attn_implementation", self.attn_implementation);
    visit("sdpa_backend", self.sdpa_backend);
    visit("threads", self.threads);
    visit("seed", self.seed);
  }
};

/// "eager_sdpa_flash_attention": the variant, compile_MODE where compiled, then the attention.
std::string scenario_name(const ScenarioConfig& config);

}  // namespace bv2
