// One basic operation, run eagerly.
#pragma once

#include "engine/eager/eager_executor.h"

namespace bv2::test {

/// With an executor of its own.
inline engine::Tensor run_eager(engine::BasicOp op, std::initializer_list<engine::Tensor> inputs,
                                const engine::Attributes& attributes = {}) {
  engine::EagerExecutor executor;
  return executor.execute({op, {inputs.begin(), inputs.size()}, attributes});
}

}  // namespace bv2::test
