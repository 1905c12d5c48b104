// Where a model's weights come from: a checkpoint, or a seeded generator.
#pragma once

#include <string_view>

#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// How a synthetic tensor is filled so that activations stay finite.
enum class WeightKind { matrix, embedding, norm_scale, bias };

/// Hands out each tensor once, as a model asks for it. One thread.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  [[nodiscard]] virtual bool has(std::string_view name) const = 0;
  /// A contiguous tensor of that shape, converted to `dtype`. Throws Error when it is missing or has another
  /// shape (with both).
  virtual Tensor take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind kind) = 0;
  /// True for weights that mean nothing.
  [[nodiscard]] virtual bool synthetic() const = 0;
};

}  // namespace bv2::engine
