// Greedy generation.
#include "engine/generation/greedy.h"

namespace bv2::engine {

void generate_greedy(ModelRunner& model, KvCache& cache, const Tensor& ids, std::int64_t new_tokens,
                     const GenerationCallbacks& callbacks) {
  cache.clear();
  const LogitsOf which = callbacks.on_logits ? LogitsOf::last_token : LogitsOf::greedy_token;
  Tensor input = ids;
  for (std::int64_t token = 0; token < new_tokens; ++token) {
    const StepResult step = model.run(input, cache, which);
    if (callbacks.on_logits) callbacks.on_logits(step.logits);
    input = step.chosen;
    callbacks.on_tokens(input.span<std::int64_t>());
  }
}

}  // namespace bv2::engine
