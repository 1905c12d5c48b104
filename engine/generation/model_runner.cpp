// Runs a model's forward operation after operation.
#include "engine/generation/model_runner.h"

#include "engine/ops/basic.h"

namespace bv2::engine {

StepResult DirectRunner::run(const Tensor& ids, KvCache& cache, LogitsOf which) {
  if (which == LogitsOf::greedy_token)
    return {.logits = {}, .chosen = model_->forward(*context_, ids, cache, which)};
  StepResult output{.logits = model_->forward(*context_, ids, cache, which), .chosen = {}};
  if (which == LogitsOf::last_token && model_->config().causal)
    output.chosen = argmax(*context_, output.logits);
  return output;
}

}  // namespace bv2::engine
