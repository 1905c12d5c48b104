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

/// What the user asked the prompts to be; at most one of the two.
struct PromptRequest {
  std::vector<std::string> texts{};  ///< of one sequence of a batch after another, from the start again
  std::vector<std::int64_t> ids{};   ///< of every sequence
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("texts", self.texts);
    visit("ids", self.ids);
  }
};

/// The request of the options; reads --prompt-file, a prompt a line, in which empty lines count for nothing.
/// Throws UsageError when it cannot be read or is empty.
PromptRequest prompt_request(const RunOptions& options);

struct Prompt {
  PromptIds ids;
  PromptInfo info;
};

/// The prompt for a scenario of that session. A text (the requested ones, else the benchmark's) is encoded
/// and cut or continued to config.sequence_length: what the tokenizer puts before and after a text stays
/// there once, and the tokens between are cut or repeated. Requested ids are cut or repeated likewise. Of
/// several texts without a sequence_length each has its own length, and the shorter ones are padded. Without
/// a tokenizer and without a request, each sequence gets token ids of its own from config.seed; the first is
/// the same whatever the batch.
/// Throws Error for ids outside the vocabulary, a text without a tokenizer, and more tokens than the model
/// has positions.
Prompt make_prompt(const Session& session, const ModelFacts& facts, const BenchmarkInfo& benchmark,
                   const ScenarioConfig& config, const PromptRequest& request);

}  // namespace bv2
