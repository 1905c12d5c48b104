// The prompt of a scenario: exactly as many tokens as asked for, never silently fewer.
#pragma once

#include "framework/model_benchmark.h"
#include "framework/result.h"
#include "framework/run_options.h"

namespace bv2 {

struct Prompt {
  PromptIds ids;
  PromptInfo info;
};

/// All rows of the batch are the same. Token ids given by the user are checked against the vocabulary and cut
/// or repeated; a text is encoded, then cut, or continued by its own tokens without the special ones in
/// front; without a tokenizer, seeded ids take the text's place (a text that the user gave is then an Error).
/// Throws Error when prompt and new tokens do not fit into the model's positions.
Prompt make_prompt(const Session& session, const BenchmarkInfo& benchmark, const RunOptions& options,
                   const ScenarioConfig& config);

}  // namespace bv2
