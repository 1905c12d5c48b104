// What a forward has to read and to compute at least, from the shapes of the weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/forward_cost.h"
#include "engine/loading/model_config.h"
#include "engine/loading/weight_source.h"

namespace bv2::engine {

/// A weight that a model took.
struct TakenWeight {
  std::string name;
  Shape shape;
  WeightKind kind = WeightKind::matrix;
};

/// Hands on what another source gives, and notes what a model takes.
class NotingWeights final : public WeightSource {
 public:
  /// `source` must outlive it.
  explicit NotingWeights(WeightSource& source) : source_(&source) {}
  [[nodiscard]] bool has(std::string_view name) const override { return source_->has(name); }
  Tensor take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind kind) override {
    Tensor tensor = source_->take(name, shape, dtype, kind);
    taken_.push_back({std::string(name), shape, kind});
    return tensor;
  }
  [[nodiscard]] bool synthetic() const override { return source_->synthetic(); }
  [[nodiscard]] const std::vector<TakenWeight>& taken() const { return taken_; }

 private:
  WeightSource* source_;
  std::vector<TakenWeight> taken_;
};

/// A tied embedding is read by the head; one that is only looked up costs nothing. The weights of experts
/// have "experts." in their names or one matrix an expert in a tensor.
ForwardCost forward_cost(const ModelConfig& config, Dtype dtype, const std::vector<TakenWeight>& taken);

/// Number of weights, each counted once.
std::int64_t parameter_count(const std::vector<TakenWeight>& taken);

}  // namespace bv2::engine
