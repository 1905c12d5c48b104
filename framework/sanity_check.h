// The short generation before anything is timed: what gives nonsense is not measured.
#pragma once

#include "base/interrupt.h"
#include "framework/model_benchmark.h"

namespace bv2 {

/// Generates `new_tokens` tokens and throws Error when a logit is not finite, an id is outside the
/// vocabulary, or the number of tokens or sequences is wrong. Throws Interrupted once the flag is raised.
void check_session(Session& session, const PromptIds& prompt, std::int64_t new_tokens,
                   const InterruptFlag& interrupt);

}  // namespace bv2
