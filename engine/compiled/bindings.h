// A graph's buffers in memory, and its views as tensors.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// Where the buffers of a graph are. The memory is the caller's.
class Bindings {
 public:
  /// One address a buffer; null for those that are not there. Constants keep their own memory.
  Bindings(const Graph& graph, std::span<std::byte* const> addresses);
  /// The view at these sizes; undefined where the view is. Allocates nothing.
  [[nodiscard]] Tensor tensor(const View& view, const Sizes& sizes) const;

 private:
  std::vector<std::shared_ptr<Storage>> storages_;  // undefined where there is a constant
  std::vector<Tensor> constants_;
  std::vector<Dtype> dtypes_;
};

}  // namespace bv2::engine::compiled
