// Runs basic operations as plain loops in double precision: the oracle of what is fused, compiled or
// vectorised.
#pragma once

#include "engine/ops/basic_op.h"

namespace bv2::test {

/// Each result is computed in double and rounded once to its dtype. Views share memory as in eager mode.
class ReferenceExecutor final : public engine::BasicExecutor {
 public:
  engine::Tensor execute(const engine::BasicCall& call) override;
};

}  // namespace bv2::test
