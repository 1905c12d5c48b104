// The prompt of a scenario: exactly as many tokens as were asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/model_benchmark.h"
#include "framework/result.h"
#include "framework/run_options.h"

namespace bv2 {

/// What the user asked the prompt to be; at most one of the two.
struct PromptRequest {
  std::optional<std::string> text{};
  std::vector<std::int64_t> ids{};
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("text", self.text);
    visit("ids", self.ids);
  }
};

/// The request of the options; reads --prompt-file, without the line break at its end. Throws UsageError when
/// it cannot be read or is empty.
PromptRequest prompt_request(const RunOptions& options);

struct Prompt {
  PromptIds ids;
  PromptInfo info;
};

/// The prompt for a scenario of that session. A text (the requested one, else the benchmark's) is encoded and
/// cut or continued to config.sequence_length: what the tokenizer puts before and after a text stays there
/// once, and the tokens between are cut or repeated. Requested ids are cut or repeated likewise. Every
/// sequence of the batch gets the same tokens. Without a tokenizer and without a request, each sequence gets
/// token ids of its own from config.seed; the first is the same whatever the batch.
/// Throws Error for ids outside the vocabulary, a text without a tokenizer, and more tokens than the model
/// has positions.
Prompt make_prompt(const Session& session, const ModelFacts& facts, const BenchmarkInfo& benchmark,
                   const ScenarioConfig& config, const PromptRequest& request);

}  // namespace bv2
