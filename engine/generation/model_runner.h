// A way to run a model's forward, with the choice of the next token.
#pragma once

#include "engine/models/model.h"

namespace bv2::engine {

/// What a forward gives; valid until the next one.
struct StepResult {
  Tensor logits;  ///< [batch, 1 or tokens, vocabulary]; an encoder's last hidden state; may be undefined where
                  ///< only the token was asked for
  Tensor chosen;  ///< int64 [batch, 1]: the largest logit's index; undefined with all tokens' logits
};

/// Used by one thread.
class ModelRunner {
 public:
  virtual ~ModelRunner() = default;
  /// As Model::forward: ids int64 [batch, tokens] follow what the cache holds and are added to it.
  virtual StepResult run(const Tensor& ids, KvCache& cache, LogitsOf which) = 0;
};

/// Runs the forward as it is written, operation after operation, in that context.
class DirectRunner final : public ModelRunner {
 public:
  /// Both have to live longer.
  DirectRunner(Context& context, const Model& model) : context_(&context), model_(&model) {}
  StepResult run(const Tensor& ids, KvCache& cache, LogitsOf which) override;

 private:
  Context* context_;
  const Model* model_;
};

}  // namespace bv2::engine
