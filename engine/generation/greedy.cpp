// Greedy generation.
#include "engine/generation/greedy.h"

#include "engine/ops/basic.h"

namespace bv2::engine {

void generate_greedy(Context& context, const Model& model, KvCache& cache, const Tensor& ids,
                     std::int64_t new_tokens, const GenerationCallbacks& callbacks) {
  cache.clear();
  Tensor input = ids;
  for (std::int64_t token = 0; token < new_tokens; ++token) {
    if (callbacks.on_logits) {
      const Tensor logits = model.forward(context, input, cache, LogitsOf::last_token);
      callbacks.on_logits(logits);
      input = argmax(context, logits);  // [batch, 1]
    } else {
      input = model.forward(context, input, cache, LogitsOf::greedy_token);
    }
    callbacks.on_tokens(input.span<std::int64_t>());
  }
}

}  // namespace bv2::engine
