// Greedy generation: prefill, then one token at a time, each handed over as soon as it is known.
#pragma once

#include <functional>

#include "engine/generation/model_runner.h"

namespace bv2::engine {

/// Called on the generating thread.
struct GenerationCallbacks {
  std::function<void(std::span<const std::int64_t> ids)> on_tokens;  ///< one new token a sequence: [batch]
  std::function<void(const Tensor& logits)>
      on_logits;  ///< [batch, 1, vocabulary], before their token; may be empty
};

/// Generates exactly `new_tokens` tokens a sequence after ids [batch, tokens]; end-of-sequence is ignored.
/// The cache is cleared first and must hold tokens + new_tokens - 1.
void generate_greedy(ModelRunner& model, KvCache& cache, const Tensor& ids, std::int64_t new_tokens,
                     const GenerationCallbacks& callbacks);

}  // namespace bv2::engine
