// Weights that mean nothing but keep a model's numbers in range: a seeded generator.
#pragma once

#include <cstdint>

#include "engine/loading/weight_source.h"

namespace bv2::engine {

/// Every value is a function of (seed, tensor name, element index) alone: neither the order of the tensors
/// nor the number of threads nor the instruction set changes it, and a value in bfloat16 or float16 is the
/// rounded float32 one.
///
/// Values are nearly normal (the sum of four uniform ones). With matrices and embeddings of standard
/// deviation 1/sqrt(last dimension), a product with a normalised vector is again of about unit size:
/// activations stay finite at any depth, and the logits' standard deviation is about 1. Norm scales are 1 +
/// 0.02 n, biases 0.018 n.
class SyntheticWeights final : public WeightSource {
 public:
  explicit SyntheticWeights(std::uint64_t seed) : seed_(seed) {}

  /// Always: any tensor can be made. What a model needs follows from its configuration.
  [[nodiscard]] bool has(std::string_view /*name*/) const override { return true; }
  /// On all OpenMP threads. Throws Error for a dtype other than float32, bfloat16 or float16.
  Tensor take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind kind) override;
  [[nodiscard]] bool synthetic() const override { return true; }

 private:
  std::uint64_t seed_;
};

}  // namespace bv2::engine
