// A session whose logits are known, and can be made wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/model_benchmark.h"

namespace bv2::test {

/// Logits that depend on token and sequence; the largest is chosen.
class LinearSession final : public Session {
 public:
  [[nodiscard]] ModelFacts facts() const override {
    ModelFacts facts{.vocab_size = 5, .layers = 2};
    facts.forward_cost.emplace();
    facts.forward_cost->operations_per_token = 100;
    facts.forward_cost->head_operations = 10;
    return facts;
  }
  [[nodiscard]] std::optional<std::vector<std::int64_t>> encode(std::string_view) const override {
    return {};
  }
  [[nodiscard]] std::string decode(std::span<const std::int64_t>) const override { return {}; }
  PreparationTimes prepare(const Preparation&) override { return {}; }
  void generate(const PromptIds& prompt, std::int64_t new_tokens, TokenSink& sink) override {
    for (std::int64_t token = 0; token < new_tokens; ++token) {
      std::vector<float> logits;
      std::vector<std::int64_t> ids;
      for (std::int64_t row = 0; row < prompt.batch; ++row) {
        const std::int64_t best = (token + row) % 5;
        for (std::int64_t id = 0; id < 5; ++id) {
          logits.push_back(error + (id == best ? 4.0F : static_cast<float>(id) * 0.5F));
        }
        ids.push_back(token == wrong_token ? (best + 1) % 5 : best);
      }
      if (token == last_error_at) logits.back() += 3;
      if (sink.wants_logits()) sink.on_logits(logits);
      sink.on_tokens(ids);
    }
  }
  ForwardOutput forward(const PromptIds&) override { return {}; }
  [[nodiscard]] Json effective() const override { return Json::object(); }

  float error = 0;
  std::int64_t wrong_token = -1;
  std::int64_t last_error_at = -1;
};

}  // namespace bv2::test
