// Eager mode: runs each basic operation at once, each into memory of its own, as PyTorch's eager mode does.
#pragma once

#include <memory>

#include "engine/ops/basic_op.h"

namespace bv2::engine {

/// Keeps the oneDNN primitives that it made, so that a shape is prepared once. Uses OpenMP's threads.
class EagerExecutor final : public BasicExecutor {
 public:
  EagerExecutor();
  ~EagerExecutor() override;
  Tensor execute(const BasicCall& call) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bv2::engine
