// What a scenario physically measured: two results with the same key are measurements of the same thing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "framework/result.h"

namespace bv2 {

/// Model, weights, shape, dtype, mode and threads, as they were effective. Names of scenarios, iteration
/// counts, schedule and order are not part of it.
struct PhysicalKey {
  std::string model;    ///< last part of the model id; empty where the weights' hash says more
  std::string weights;  ///< their hash; "synthetic" and the seed; "unknown" in documents that do not say
  std::string variant;
  std::optional<std::string> compile_mode;
  std::string attn_implementation;
  std::optional<std::string> sdpa_backend;
  std::string dtype;
  std::string device;
  bool use_cache = true;
  std::int64_t threads = 0;
  std::int64_t batch_size = 1;
  std::int64_t prompt_tokens = 0;
  std::int64_t new_tokens = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("model", self.model);
    visit("weights", self.weights);
    visit("variant", self.variant);
    visit("compile_mode", self.compile_mode);
    visit("attn_implementation", self.attn_implementation);
    visit("sdpa_backend", self.sdpa_backend);
    visit("dtype", self.dtype);
    visit("device", self.device);
    visit("use_cache", self.use_cache);
    visit("threads", self.threads);
    visit("batch_size", self.batch_size);
    visit("prompt_tokens", self.prompt_tokens);
    visit("new_tokens", self.new_tokens);
  }
  friend auto operator<=>(const PhysicalKey&, const PhysicalKey&) = default;

  /// The same in another mode: variant, compile mode and attention left out.
  [[nodiscard]] PhysicalKey without_mode() const;
  /// "SmolLM2-135M bfloat16, batch 1, 128 + 100 tokens, 2 threads".
  [[nodiscard]] std::string workload(const std::string& model_name) const;
};

PhysicalKey physical_key(const ScenarioResult& scenario);

}  // namespace bv2
